"""Builds what a model asks of target predictions: the target loss and the methods."""

from typing import TYPE_CHECKING

from torch import nn

from ..methods.method import Method
from ..methods.method_list import MethodList
from .fields import build_part

if TYPE_CHECKING:
    from .uda_model import UDAModel


def build_target_loss(config: dict) -> nn.Module:
    """The loss on target logits.

    Raises:
        ValueError: If mmengine would not sum it, because of its name.
    """
    loss = build_part('model.target_loss', config)
    if 'loss' not in loss.loss_name:
        raise ValueError(
            'model.target_loss: loss_name must contain "loss" to be summed, '
            f'got {loss.loss_name!r}'
        )
    return loss


def build_methods(model: 'UDAModel', configs: list[dict] | None) -> MethodList:
    """The methods of a model, with their networks.

    Args:
        model: Complete but for its methods.
        configs: ``model.methods``.

    Raises:
        TypeError: If a config is no list of methods.
        ValueError: If a method does not fit the model, or is there twice.
    """
    if configs is not None and not isinstance(configs, list | tuple):
        raise TypeError(f'model.methods: must be a list of dict(type=...), got {configs!r}')
    methods: list[Method] = []
    for i, config in enumerate(configs or ()):
        field = f'model.methods.{i}'
        method = build_part(field, config)
        if not isinstance(method, Method):
            raise TypeError(f'{field}: {type(method).__name__} is not a method')
        if any(type(other) is type(method) for other in methods):
            raise ValueError(f'{field}: {type(method).__name__} is there twice; leave one out')
        known = model.level_names()
        for level in method.levels:
            if level not in known:
                raise ValueError(f'{field}: the model has no {level}, but {", ".join(known)}')
        try:
            method.build_networks(model)
        except ValueError as error:
            raise ValueError(f'{field}: {error}') from None
        methods.append(method)
    return MethodList(methods)
