"""Weights of the methods' networks, which only training checkpoints hold."""

from typing import Any

from mmengine.model import is_model_wrapper
from torch import nn

PREFIX = 'methods.'


def tolerate_networks(model: nn.Module) -> None:
    """Load weights without a word about networks that only one side has.

    A training checkpoint of a method with networks fits the plain model, and a checkpoint
    of the plain model starts a run of such a method, with new networks.

    Args:
        model: Of the runner, perhaps wrapped.
    """
    model = model.module if is_model_wrapper(model) else model

    def complete(state: dict[str, Any], prefix: str, *unused: Any) -> None:
        start = prefix + PREFIX
        own = {prefix + k: v for k, v in model.state_dict().items() if k.startswith(PREFIX)}
        for key in [key for key in state if key.startswith(start) and key not in own]:
            del state[key]
        if not any(key in state for key in own):
            state.update(own)

    model._register_load_state_dict_pre_hook(complete)


def without_networks(state: dict[str, Any]) -> dict[str, Any]:
    """The weights of the plain model."""
    return {key: value for key, value in state.items() if not key.startswith(PREFIX)}
