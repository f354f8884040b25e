"""Parts that a runner builds besides model and data: evaluators, optimizer, hooks, schedules."""

from collections.abc import Iterator
from importlib.util import find_spec

from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmseg.registry import DATA_SAMPLERS, EVALUATOR, HOOKS, METRICS, VISBACKENDS
from torch import nn

from mmseg_maxsquare.runs.findings import Finding
from mmseg_maxsquare.runs.optimizer import (
    check_built,
    check_optimizer,
    check_type,
    schedulers_of,
    steps_of,
)

LOOPS = ('val', 'test')
# What the backends of the visualizer import when they are first used.
PACKAGES = {
    'TensorboardVisBackend': ('tensorboard', 'tensorboardX'),
    'WandbVisBackend': ('wandb',),
    'MLflowVisBackend': ('mlflow',),
    'ClearMLVisBackend': ('clearml',),
    'NeptuneVisBackend': ('neptune',),
    'DVCLiveVisBackend': ('dvclive',),
    'AimVisBackend': ('aim',),
}
# Schedules over a whole run: how far their ``end`` lies beyond the number of steps.
CURVES = {'PolyLR': 1, 'InverseDecayLR': 0}


def check_engine(cfg: Config, model: nn.Module | None) -> list[Finding]:
    """Parts that cannot be built, and schedules that end before or after the run.

    Args:
        cfg: The config.
        model: On the CPU; None if it cannot be built.
    """
    return [
        *_check_evaluators(cfg),
        *check_optimizer(cfg, model),
        *_check_hooks(cfg),
        *_check_samplers(cfg),
        *_check_visualizer(cfg),
        *_check_rates(cfg),
    ]


def _check_evaluators(cfg: Config) -> Iterator[Finding]:
    for loop in LOOPS:
        where, evaluator = f'{loop}_evaluator', cfg.get(f'{loop}_evaluator')
        if loop == 'test' and evaluator == cfg.get('val_evaluator'):
            continue
        if isinstance(evaluator, dict) and 'metrics' in evaluator:
            kind = evaluator.get('type', Evaluator)
            yield from check_type(EVALUATOR, 'evaluator', where, kind)
            where, evaluator = f'{where}.metrics', evaluator['metrics']
        several = isinstance(evaluator, list | tuple)
        for i, metric in enumerate(evaluator if several else [evaluator]):
            if isinstance(metric, dict):
                place = f'{where}.{i}' if several else where
                # It creates its folder immediately.
                metric = {key: value for key, value in metric.items() if key != 'output_dir'}
                yield from check_built(METRICS, 'evaluator', place, metric)


def _check_hooks(cfg: Config) -> Iterator[Finding]:
    """Hooks that can be built from their fields alone."""
    hooks = {f'default_hooks.{key}': hook for key, hook in (cfg.get('default_hooks') or {}).items()}
    hooks |= {f'custom_hooks.{i}': hook for i, hook in enumerate(cfg.get('custom_hooks') or ())}
    for where, hook in hooks.items():
        # Visualization needs the runner's visualizer, and the runner reads the priority itself.
        if isinstance(hook, dict) and 'Visuali' not in str(hook.get('type')):
            fields = {key: value for key, value in hook.items() if key != 'priority'}
            yield from check_built(HOOKS, 'hooks', where, fields)


def _check_samplers(cfg: Config) -> Iterator[Finding]:
    """Samplers that are not registered."""
    for loop in ('train', *LOOPS):
        for name in ('sampler', 'batch_sampler'):
            sampler = (cfg.get(f'{loop}_dataloader') or {}).get(name)
            if isinstance(sampler, dict):
                where = f'{loop}_dataloader.{name}'
                yield from check_type(DATA_SAMPLERS, 'sampler', where, sampler.get('type'))


def _check_visualizer(cfg: Config) -> Iterator[Finding]:
    """Backends whose package is not installed, which the run needs at its first number."""
    backends = (cfg.get('visualizer') or {}).get('vis_backends') or ()
    for i, backend in enumerate(backends if isinstance(backends, list | tuple) else [backends]):
        where, kind = f'visualizer.vis_backends.{i}', (backend or {}).get('type')
        yield from check_type(VISBACKENDS, 'visualizer', where, kind)
        name = kind if isinstance(kind, str) else getattr(kind, '__name__', '')
        packages = PACKAGES.get(name.split('.')[-1], ())
        if packages and not any(map(find_spec, packages)):
            what = f'{name} needs the package {" or ".join(packages)}, which is not installed'
            remedy = f'pip install {packages[0]}, or leave the backend out'
            yield Finding('error', 'config: visualizer', where, what, remedy)


def _check_rates(cfg: Config) -> Iterator[Finding]:
    """A schedule that ends before the run, or long after it."""
    steps = steps_of(cfg)
    found = [item for item in schedulers_of(cfg) if isinstance(item[1].get('end'), int)]
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
        f'the schedule is cut off after {steps} of {end - beyond} steps'
        if end > steps
        else f'the rate {stays} from step {end} on'
    )
    what = f'{end}, but train_cfg.max_iters is {steps}: {after}'
    sum_of = f'{steps + beyond} (max_iters{" + 1" * beyond})'
    remedy = f'set {where}.end={sum_of}, unless this is intended'
    yield Finding('warning', 'config: learning rate', f'{where}.end', what, remedy)
