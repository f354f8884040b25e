"""Trying a model without a trace in the run: on a copy, and with all random states restored."""

import copy
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import torch
from mmengine.logging import MessageHub
from mmengine.structures import PixelData
from torch import Tensor, nn

from mmseg_maxsquare.datasets.uda_sampler import seeded


@contextmanager
def unnoticed() -> Iterator[None]:
    """A context that leaves random states, log and message hub as they were."""
    used = torch.cuda.is_available() and torch.cuda.is_initialized()
    devices = [torch.cuda.current_device()] if used else []
    hub, disabled = MessageHub.get_current_instance(), logging.root.manager.disable
    kept = copy.deepcopy(vars(hub))
    logging.disable(logging.CRITICAL)
    try:
        with (
            torch.random.fork_rng(devices),
            seeded(0),
            warnings.catch_warnings(),
            redirect_stdout(io.StringIO()),
        ):
            warnings.simplefilter('ignore')
            yield
    finally:
        logging.disable(disabled)
        vars(hub).update(kept)


class Cropped(nn.Module):
    """A preprocessor whose inputs are cropped, and so are the labels of a training.

    Predictions have the size of the metadata, whatever the size of the inputs.

    Args:
        inner: The preprocessor.
        side: The longest side of an input.
    """

    def __init__(self, inner: nn.Module, side: int) -> None:
        super().__init__()
        self.inner, self.side = inner, side

    def forward(self, data: dict, training: bool = False) -> dict:
        """See mmengine's preprocessors."""
        data = self.inner(data, training)
        inputs = self._cut(data['inputs'])
        samples = data['data_samples']
        if training:
            samples = self._cut_labels(samples)
        return {**data, 'inputs': inputs, 'data_samples': samples}

    def _cut(self, inputs: Any) -> Any:
        if isinstance(inputs, dict):
            return {key: self._cut(value) for key, value in inputs.items()}
        return inputs[..., : self.side, : self.side] if isinstance(inputs, Tensor) else inputs

    def _cut_labels(self, samples: Any) -> Any:
        if isinstance(samples, dict):
            return {key: self._cut_labels(value) for key, value in samples.items()}
        for sample in samples:
            for name, value in list(sample.items()):
                if isinstance(value, PixelData):
                    sample.set_field(value[: self.side, : self.side], name, dtype=PixelData)
        return samples


def copy_of(model: nn.Module, side: int | None, fields: dict[int, str]) -> nn.Module:
    """A copy that may be changed, without the anchor, which is a second model.

    Args:
        model: With its preprocessor.
        side: The longest side of its inputs; None for whole ones.
        fields: Gets the config field of each module by its id.
    """
    anchor = getattr(model, 'anchor', None)
    own = copy.deepcopy(model, {} if anchor is None else {id(anchor): None})
    for name, module in own.named_modules():
        fields[id(module)] = f'model.{name}'.removesuffix('.')
    inner = getattr(own, 'module', own)  # of test time augmentation
    if side is not None:
        inner.data_preprocessor = Cropped(inner.data_preprocessor, side)
    return own
