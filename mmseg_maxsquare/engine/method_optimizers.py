"""Optimizers of a model whose methods train networks of their own."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.model import is_model_wrapper
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper, OptimWrapperDict
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

# How the passes are computed, which is the same for all networks.
SHARED = ('type', 'accumulative_counts', 'dtype', 'loss_scale', 'use_fp16')
SEGMENTOR, METHODS = 'segmentor', 'methods'
EXAMPLE = (
    "optim_wrapper=dict(constructor='MethodOptimWrapperConstructor', "
    "methods=dict(optimizer=dict(type='Adam', lr=1e-4)), ...)"
)


class CountingOptimWrapperDict(OptimWrapperDict):
    """mmengine's dict, whose members know at which step a run starts and ends.

    Otherwise a run that was stopped between two updates would resume with another rhythm of
    gradient accumulation.
    """

    def initialize_count_status(self, model: nn.Module, cur_iter: int, max_iters: int) -> None:
        """See :class:`mmengine.optim.OptimWrapper`."""
        for wrapper in self.values():
            wrapper.initialize_count_status(model, cur_iter, max_iters)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class MethodOptimWrapperConstructor:
    """One optimizer for the segmentor, and one for the networks of its methods.

    The config is that of the segmentor, as usual in mmengine, with ``methods``, the
    config of the second one::

        optim_wrapper = dict(
            constructor='MethodOptimWrapperConstructor',
            optimizer=dict(type='SGD', lr=2.5e-4, momentum=0.9, weight_decay=5e-4),
            methods=dict(optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99))),
        )

    ``methods`` may have a ``paramwise_cfg`` of its own. Type, precision and accumulation of
    the first are those of both; under float16 each has a scaler of its own with the same
    settings. ``param_scheduler`` is a list for both, or a dict with one for each.

    Args:
        optim_wrapper_cfg: The config.
        paramwise_cfg: As for :class:`DefaultOptimWrapperConstructor`, for the segmentor.

    Raises:
        ValueError: If the config lacks ``methods``.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        self.segmentor = copy.deepcopy(dict(optim_wrapper_cfg))
        own = self.segmentor.pop('methods', None)
        if not isinstance(own, dict) or not isinstance(own.get('optimizer'), dict):
            raise ValueError(f'methods.optimizer: missing; give one, such as {EXAMPLE}')
        shared = {key: self.segmentor[key] for key in SHARED if key in self.segmentor}
        self.own = {**shared, **own}
        self.own_paramwise_cfg = self.own.pop('paramwise_cfg', None)
        self.paramwise_cfg = paramwise_cfg

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        """Build both for a model.

        Raises:
            ValueError: If no method of the model has networks for the second one.
        """
        bare = model.module if is_model_wrapper(model) else model
        networks = own_networks(bare)
        if not networks:
            raise ValueError(
                'methods: no method of the model trains networks of its own; leave it out, and '
                'the constructor, too'
            )
        build = DefaultOptimWrapperConstructor(self.segmentor, self.paramwise_cfg)
        with without(bare, networks):
            segmentor = build(model)
        build = DefaultOptimWrapperConstructor(dict(self.own), self.own_paramwise_cfg)
        wrappers = {SEGMENTOR: segmentor, METHODS: build(nn.ModuleList(networks))}
        return CountingOptimWrapperDict(**wrappers)


def own_networks(model: nn.Module) -> list[nn.Module]:
    """Methods of a model whose parameters have an optimizer of their own."""
    return list(getattr(getattr(model, 'methods', None), 'with_optimizer', ()))


def check_optimizers_of_methods(model: nn.Module, wrapper: OptimWrapper) -> None:
    """Refuse a run whose methods have networks that no optimizer trains.

    Raises:
        ValueError: If so.
    """
    networks = own_networks(model)
    if networks and not isinstance(wrapper, OptimWrapperDict):
        kind = type(networks[0]).__name__
        raise ValueError(f'{kind} trains a network of its own, which needs an optimizer: {EXAMPLE}')


def by_name(wrapper: OptimWrapper | OptimWrapperDict) -> dict[str, OptimWrapper]:
    """The optimizers of a run; the name of a single one is empty."""
    return dict(wrapper.items()) if isinstance(wrapper, OptimWrapperDict) else {'': wrapper}


@contextmanager
def without(model: nn.Module, networks: list[nn.Module]) -> Iterator[None]:
    """Take methods out of a model for a while."""
    children = model.methods._modules
    kept = dict(children)
    for name, child in kept.items():
        if any(child is network for network in networks):
            del children[name]
    try:
        yield
    finally:
        children.clear()
        children.update(kept)
