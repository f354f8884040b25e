"""The optimizer and the learning rates of a config, built on the CPU."""

import copy
import logging
import numbers
from collections.abc import Iterator

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import AmpOptimWrapper, OptimWrapper, build_optim_wrapper
from mmengine.registry import Registry
from mmseg.registry import OPTIM_WRAPPERS, OPTIMIZERS, PARAM_SCHEDULERS
from torch import nn

from .errors import fact_and_remedy, similar
from .findings import Finding

NUMBERS = ('lr', 'momentum', 'weight_decay', 'dampening', 'eps')  # of optimizers


def check_optimizer(cfg: Config, model: nn.Module | None) -> list[Finding]:
    """Optimizer and learning rate schedules that cannot be built."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.ERROR)  # the constructor logs every parameter
    try:
        return list(_check_optimizer(cfg, model))
    finally:
        logger.setLevel(level)


def _check_optimizer(cfg: Config, model: nn.Module | None) -> Iterator[Finding]:
    wrapper, where = cfg.get('optim_wrapper'), 'optim_wrapper'
    if not isinstance(wrapper, dict):
        return
    optimizer = wrapper.get('optimizer')
    if isinstance(optimizer, dict):
        spot = f'{where}.optimizer'
        texts = [key for key in NUMBERS if not _is_number(optimizer.get(key, 0))]
        for key in texts:
            value, place = optimizer[key], f'{spot}.{key}'
            what = f'is {value!r} ({type(value).__name__}), expected a number'
            remedy = f'set {place} to a number, without quotes'
            yield Finding('error', 'config: optimizer', place, what, remedy)
        unknown = list(check_type(OPTIMIZERS, 'optimizer', spot, optimizer.get('type')))
        yield from unknown
        if texts or unknown:
            return
    elif 'constructor' not in wrapper:
        what, remedy = f'is {optimizer!r}, expected dict(type=...)', 'name an optimizer'
        yield Finding('error', 'config: optimizer', f'{where}.optimizer', what, remedy)
        return
    if model is None:
        return
    wrapper = copy.deepcopy(wrapper)
    kind = wrapper.setdefault('type', 'OptimWrapper')
    kind = OPTIM_WRAPPERS.get(kind) if isinstance(kind, str) else kind
    if kind is AmpOptimWrapper and not torch.cuda.is_available():
        # It cannot be built without a GPU, but the check may run on a machine without one.
        options = ('loss_scale', 'dtype', 'use_fp16')
        wrapper = {key: value for key, value in wrapper.items() if key not in options}
        wrapper['type'] = OptimWrapper
    try:
        built = build_optim_wrapper(model, wrapper)
    except Exception as error:  # a config can hold anything
        remedy = f'correct the fields of {where}'
        yield _finding('optimizer', where, error, 'cannot be built: ', remedy)
        return
    for place, scheduler in schedulers_of(cfg):
        # The runner fills in the end automatically, too.
        default = dict(optimizer=built, end=steps_of(cfg) or 1, epoch_length=1)
        registry, fields = PARAM_SCHEDULERS, {**default, **scheduler}
        yield from check_built(registry, 'learning rate', place, fields)


def _is_number(value: object) -> bool:
    numeric = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return numeric or value is None or isinstance(value, torch.Tensor)


def check_built(registry: Registry, kind: str, where: str, cfg: object) -> Iterator[Finding]:
    """The error when the config of a field is built with a registry, if any."""
    try:
        registry.build(copy.deepcopy(cfg))
    except Exception as error:  # a config can hold anything
        yield _finding(kind, where, error, 'cannot be built: ', f'correct the fields of {where}')


def check_type(registry: Registry, kind: str, where: str, name: object) -> Iterator[Finding]:
    """Report a type that is not registered where a build would not report it."""
    if name is None:
        yield Finding('error', f'config: {kind}', f'{where}.type', 'missing', f'name the {kind}')
    elif isinstance(name, str) and registry.get(name) is None:
        what = f'{name} is not in the {kind} registry'
        what += f'.{similar(what)}' if similar(what) else ''
        yield Finding('error', f'config: {kind}', f'{where}.type', what, f'correct {where}.type')


def _finding(kind: str, where: str, error: Exception, what: str, remedy: str) -> Finding:
    fact, remedy = fact_and_remedy(error, remedy)
    return Finding('error', f'config: {kind}', where, f'{what}{fact}', remedy)


def steps_of(cfg: Config) -> object:
    """Length of the run in steps; None if it is given in epochs."""
    return (cfg.get('train_cfg') or {}).get('max_iters')


def schedulers_of(cfg: Config) -> Iterator[tuple[str, dict]]:
    """Field and config of each scheduler of a single optimizer."""
    schedulers = cfg.get('param_scheduler') or []
    several = isinstance(schedulers, list | tuple)
    for i, scheduler in enumerate(schedulers if several else [schedulers]):
        if isinstance(scheduler, dict) and (several or 'type' in scheduler):
            yield 'param_scheduler' + (f'.{i}' if several else ''), scheduler
