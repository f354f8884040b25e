"""What a runner builds besides model and data: evaluators, optimizer, hooks; the rates."""

import copy
import logging
import numbers
from collections.abc import Iterator

import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmengine.optim import AmpOptimWrapper, OptimWrapper, build_optim_wrapper
from mmengine.registry import Registry
from mmseg.registry import (
    EVALUATOR,
    HOOKS,
    METRICS,
    OPTIM_WRAPPERS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
)
from torch import nn

from .findings import Finding, fact_and_remedy, similar

NUMBERS = ('lr', 'momentum', 'weight_decay', 'dampening', 'eps')  # of optimizers
LOOPS = ('val', 'test')
# Curves over a whole run: their ``end``, beyond its number of steps.
CURVES = {'PolyLR': 1, 'InverseDecayLR': 0}


def check_engine(cfg: Config, model: nn.Module | None) -> list[Finding]:
    """What cannot be built, and rates that end before or after the run.

    Args:
        cfg: The config.
        model: On the CPU; None if it cannot be built.
    """
    return [
        *_check_evaluators(cfg),
        *check_optimizer(cfg, model),
        *_check_hooks(cfg),
        *_check_rates(cfg),
    ]


def check_optimizer(cfg: Config, model: nn.Module | None) -> list[Finding]:
    """Optimizer and rates that cannot be built; see :func:`check_engine`."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)  # the constructor logs every parameter
    try:
        return list(_check_optimizer(cfg, model))
    finally:
        logger.setLevel(level)


def _finding(kind: str, where: str, error: Exception, what: str, remedy: str) -> Finding:
    fact, remedy = fact_and_remedy(error, remedy)
    return Finding('error', f'config: {kind}', where, f'{what}{fact}', remedy)


def _build(registry: Registry, kind: str, where: str, cfg: object) -> Iterator[Finding]:
    try:
        registry.build(copy.deepcopy(cfg))
    except Exception as error:  # whatever a config can hold
        yield _finding(kind, where, error, 'cannot be built: ', f'correct the fields of {where}')


def _check_type(registry: Registry, kind: str, where: str, name: object) -> Iterator[Finding]:
    """A type that is not registered, where building it would not say so."""
    if name is None:
        yield Finding('error', f'config: {kind}', f'{where}.type', 'missing', f'name the {kind}')
    elif isinstance(name, str) and registry.get(name) is None:
        what = f'{name} is not in the {kind} registry'
        what += f'.{similar(what)}' if similar(what) else ''
        yield Finding('error', f'config: {kind}', f'{where}.type', what, f'correct {where}.type')


def _check_evaluators(cfg: Config) -> Iterator[Finding]:
    for loop in LOOPS:
        where, evaluator = f'{loop}_evaluator', cfg.get(f'{loop}_evaluator')
        if loop == 'test' and evaluator == cfg.get('val_evaluator'):
            continue
        if isinstance(evaluator, dict) and 'metrics' in evaluator:
            kind = evaluator.get('type', Evaluator)
            yield from _check_type(EVALUATOR, 'evaluator', where, kind)
            where, evaluator = f'{where}.metrics', evaluator['metrics']
        several = isinstance(evaluator, list | tuple)
        for i, metric in enumerate(evaluator if several else [evaluator]):
            if isinstance(metric, dict):
                place = f'{where}.{i}' if several else where
                # Its folder is made at once.
                metric = {key: value for key, value in metric.items() if key != 'output_dir'}
                yield from _build(METRICS, 'evaluator', place, metric)


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
        unknown = list(_check_type(OPTIMIZERS, 'optimizer', spot, optimizer.get('type')))
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
        # It refuses to be built where data are perhaps only checked.
        options = ('loss_scale', 'dtype', 'use_fp16')
        wrapper = {key: value for key, value in wrapper.items() if key not in options}
        wrapper['type'] = OptimWrapper
    try:
        built = build_optim_wrapper(model, wrapper)
    except Exception as error:  # whatever a config can hold
        remedy = f'correct the fields of {where}'
        yield _finding('optimizer', where, error, 'cannot be built: ', remedy)
        return
    for place, scheduler in _schedulers(cfg):
        # The runner knows the end by itself, too.
        default = dict(optimizer=built, end=_steps(cfg) or 1, epoch_length=1)
        registry, fields = PARAM_SCHEDULERS, {**default, **scheduler}
        yield from _build(registry, 'learning rate', place, fields)


def _is_number(value: object) -> bool:
    numeric = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return numeric or value is None or isinstance(value, torch.Tensor)


def _check_hooks(cfg: Config) -> Iterator[Finding]:
    """Those that need nothing but their fields."""
    hooks = {f'default_hooks.{key}': hook for key, hook in (cfg.get('default_hooks') or {}).items()}
    hooks |= {f'custom_hooks.{i}': hook for i, hook in enumerate(cfg.get('custom_hooks') or ())}
    for where, hook in hooks.items():
        # Visualization needs the runner's visualizer, and the runner takes the priority.
        if isinstance(hook, dict) and 'Visuali' not in str(hook.get('type')):
            fields = {key: value for key, value in hook.items() if key != 'priority'}
            yield from _build(HOOKS, 'hooks', where, fields)


def _check_rates(cfg: Config) -> Iterator[Finding]:
    """A curve that ends before the run does, or long after."""
    steps = _steps(cfg)
    found = [item for item in _schedulers(cfg) if isinstance(item[1].get('end'), int)]
    if not found or not isinstance(steps, int):
        return
    where, last = max(found, key=lambda item: item[1]['end'])
    name, end = last.get('type'), last['end']
    name = name if isinstance(name, str) else getattr(name, '__name__', '')
    beyond = CURVES.get(name.split('.')[-1])
    if beyond is None or last.get('by_epoch', True) or end == steps + beyond:
        return
    stays = f'stays at {last.get("eta_min", 0)}' if name.endswith('PolyLR') else 'stays the same'
    after = (
        f'the curve is cut off after {steps} of {end - beyond} steps'
        if end > steps
        else f'the rate {stays} from step {end} on'
    )
    what = f'{end}, but train_cfg.max_iters is {steps}: {after}'
    sum_of = f'{steps + beyond} (max_iters{" + 1" * beyond})'
    remedy = f'set {where}.end={sum_of}, unless this is meant'
    yield Finding('warning', 'config: learning rate', f'{where}.end', what, remedy)


def _steps(cfg: Config) -> object:
    return (cfg.get('train_cfg') or {}).get('max_iters')


def _schedulers(cfg: Config) -> Iterator[tuple[str, dict]]:
    """Field and config of each scheduler of a single optimizer."""
    schedulers = cfg.get('param_scheduler') or []
    several = isinstance(schedulers, list | tuple)
    for i, scheduler in enumerate(schedulers if several else [schedulers]):
        if isinstance(scheduler, dict) and (several or 'type' in scheduler):
            yield 'param_scheduler' + (f'.{i}' if several else ''), scheduler
