"""The optimizer and the learning rates of a config, built on the CPU."""

import copy
import logging
import numbers
import warnings
from collections.abc import Iterator

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import AmpOptimWrapper, OptimWrapper, build_optim_wrapper
from mmengine.registry import Registry
from mmseg.registry import OPTIM_WRAPPERS, OPTIMIZERS, PARAM_SCHEDULERS
from torch import nn

from mmseg_maxsquare.engine.method_optimizers import by_name, check_optimizers_of_methods

from .errors import fact_and_remedy, similar
from .findings import Finding
from .quoted import is_quoted

WHERE = 'optim_wrapper'
PARAMWISE = (
    'custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult', 'flat_decay_mult',
    'dwconv_decay_mult', 'dcn_offset_lr_mult', 'bypass_duplicate',
)  # fmt: skip
STEPS = 3  # of a schedule that are tried
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
    wrapper = cfg.get('optim_wrapper')
    if not isinstance(wrapper, dict):
        return
    wrong = list(_check_fields(wrapper))
    yield from wrong
    if wrong or model is None:
        return
    wrapper = usable_wrapper(wrapper)
    try:
        built = build_optim_wrapper(model, wrapper)
        check_optimizers_of_methods(model, built)
    except Exception as error:  # a config can hold anything
        remedy = f'correct the fields of {WHERE}'
        yield _finding('optimizer', WHERE, error, 'cannot be built: ', remedy)
        return
    yield from _check_schedules(cfg, by_name(built))


def usable_wrapper(wrapper: dict) -> dict:
    """A copy of an optimizer wrapper's config that can be built on this machine.

    That of mixed precision needs a GPU, but the check may run on a machine without one.
    """
    wrapper = copy.deepcopy(wrapper)
    kind = wrapper.setdefault('type', 'OptimWrapper')
    kind = OPTIM_WRAPPERS.get(kind) if isinstance(kind, str) else kind
    if kind is AmpOptimWrapper and not torch.cuda.is_available():
        options = ('loss_scale', 'dtype', 'use_fp16')
        wrapper = {key: value for key, value in wrapper.items() if key not in options}
        wrapper['type'] = OptimWrapper
    return wrapper


def _check_fields(wrapper: dict) -> Iterator[Finding]:
    """Optimizers that have no known type, or texts instead of numbers."""
    if 'methods' in wrapper and 'constructor' not in wrapper:
        what = 'missing, so that optim_wrapper.methods would be ignored'
        remedy = "set it to 'MethodOptimWrapperConstructor'"
        yield Finding('error', 'config: optimizer', f'{WHERE}.constructor', what, remedy)
    own = wrapper.get('methods')
    parts = {WHERE: wrapper, **({f'{WHERE}.methods': own} if isinstance(own, dict) else {})}
    for where, part in parts.items():
        optimizer, spot = part.get('optimizer'), f'{where}.optimizer'
        if not isinstance(optimizer, dict):
            if 'constructor' not in wrapper:
                what, remedy = f'is {optimizer!r}, expected dict(type=...)', 'name an optimizer'
                yield Finding('error', 'config: optimizer', spot, what, remedy)
            continue
        for key in NUMBERS:
            value = optimizer.get(key, 0)
            if not _is_number(value) and not (isinstance(value, str) and is_quoted(value)):
                what = f'is {value!r} ({type(value).__name__}), expected a number'
                remedy = f'set {spot}.{key} to a number, without quotes'
                yield Finding('error', 'config: optimizer', f'{spot}.{key}', what, remedy)
        yield from check_type(OPTIMIZERS, 'optimizer', spot, optimizer.get('type'))
        yield from _check_paramwise(where, part)


def _check_paramwise(where: str, part: dict) -> Iterator[Finding]:
    """Fields that mmengine's constructor ignores."""
    fields = part.get('paramwise_cfg')
    own = (None, 'DefaultOptimWrapperConstructor', 'MethodOptimWrapperConstructor')
    if not isinstance(fields, dict) or part.get('constructor') not in own:
        return
    for key in fields:
        if key not in PARAMWISE:
            what = f'unknown, and would be ignored; known: {", ".join(PARAMWISE)}'
            place = f'{where}.paramwise_cfg.{key}'
            yield Finding('error', 'config: optimizer', place, what, 'correct the name')


def _check_schedules(cfg: Config, wrappers: dict[str, OptimWrapper]) -> Iterator[Finding]:
    """Learning rate schedules that cannot be built, or belong to no optimizer."""
    schedulers = cfg.get('param_scheduler')
    if isinstance(schedulers, dict) and 'type' not in schedulers:
        for name in schedulers:
            if name not in wrappers:
                known = ', '.join(wrappers) if '' not in wrappers else 'only one, without a name'
                what, remedy = f'no optimizer of this name; there is {known}', 'correct the name'
                place = f'param_scheduler.{name}'
                yield Finding('error', 'config: learning rate', place, what, remedy)
    for place, scheduler in schedulers_of(cfg):
        name = place.split('.')[1] if place.count('.') else ''
        for wrapper in [wrappers[name]] if name in wrappers else wrappers.values():
            # The runner fills in the end automatically, too.
            default = dict(optimizer=wrapper, end=steps_of(cfg) or 1, epoch_length=1)
            fields = {**default, **scheduler}
            found = list(check_built(PARAM_SCHEDULERS, 'learning rate', place, fields))
            quoted = any(isinstance(v, str) and is_quoted(v) for v in scheduler.values())
            yield from found if found or quoted else _try_schedule(place, fields)


def _try_schedule(place: str, fields: dict) -> Iterator[Finding]:
    """The error of a schedule's first steps, as if it began at once."""
    length = fields['end'] - fields.get('begin', 0)
    fields = {**fields, 'optimizer': copy.deepcopy(fields['optimizer']), 'begin': 0, 'end': length}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # no step of the optimizer goes before
            schedule = PARAM_SCHEDULERS.build(fields)
            for _ in range(min(length, STEPS)):
                schedule.step()
    except Exception as error:  # a config can hold anything
        yield _finding('learning rate', place, error, 'fails: ', f'correct the fields of {place}')


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
    """Field and config of each scheduler, of one optimizer or of several by name."""
    yield from _schedulers('param_scheduler', cfg.get('param_scheduler') or [])


def _schedulers(field: str, part: object) -> Iterator[tuple[str, dict]]:
    if isinstance(part, list | tuple):
        for i, scheduler in enumerate(part):
            yield from _schedulers(f'{field}.{i}', scheduler)
    elif isinstance(part, dict) and 'type' in part:
        yield field, part
    elif isinstance(part, dict):
        for name, schedulers in part.items():
            yield from _schedulers(f'{field}.{name}', schedulers)
