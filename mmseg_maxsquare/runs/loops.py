"""Loops that would never end, never validate, or never change the learning rate."""

from collections.abc import Iterator

from mmengine.config import Config
from mmengine.dataset import InfiniteSampler
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop
from mmseg.registry import DATA_SAMPLERS, HOOKS, LOOPS

from mmseg_maxsquare.datasets import UDASampler
from mmseg_maxsquare.datasets.self_training_pipelines import check_pipelines
from mmseg_maxsquare.engine import SelfTrainingLoop
from mmseg_maxsquare.engine.self_training_loop import check_rounds

from .domains import is_mixture
from .errors import fact_and_remedy
from .findings import Finding, config_error
from .optimizer import schedulers_of
from .quoted import is_quoted

WHOLE = ('val_interval', 'val_begin')  # fields of any training loop
ENDLESS = (InfiniteSampler, UDASampler)


def check_loops(cfg: Config) -> Iterator[Finding]:
    """Check that the loops of a config end, and that a training is validated."""
    loop = cfg.get('train_cfg') or {}
    epochs = counts_epochs(loop)
    yield from _check_samplers(cfg, epochs)
    yield from _check_length(cfg, loop, 'max_epochs' if epochs else 'max_iters')
    yield from _check_self_training(cfg, loop)
    if not epochs:
        yield from _check_by_epoch(cfg)
        yield from _check_checkpoints(cfg)


def counts_epochs(loop: dict) -> bool:
    """Whether a training loop's config counts epochs, not steps."""
    kind = loop.get('type')
    if kind is None:
        return bool(loop.get('by_epoch', False))
    found = LOOPS.get(kind) if isinstance(kind, str) else kind
    return isinstance(found, type) and issubclass(found, EpochBasedTrainLoop)


def _check_samplers(cfg: Config, epochs: bool) -> Iterator[Finding]:
    """An epoch of an endless sampler never ends."""
    ends = dict(train=epochs, val=True, test=True)
    for name, whole in ends.items():
        loader = cfg.get(f'{name}_dataloader') or {}
        sampler = (loader.get('sampler') or {}).get('type')
        found = DATA_SAMPLERS.get(sampler) if isinstance(sampler, str) else sampler
        if not whole or loader.get('num_batch_per_epoch'):
            continue
        if not isinstance(found, type) or not issubclass(found, ENDLESS):
            continue
        if name == 'train':
            where, what = 'train_cfg', f'counts epochs, but {found.__name__} never ends one'
            remedy = "count steps: train_cfg=dict(type='ResumableTrainLoop', max_iters=STEPS)"
        else:
            where, what = f'{name}_dataloader.sampler', f'{found.__name__} never ends'
            remedy = "set it to dict(type='DefaultSampler', shuffle=False)"
        yield config_error('loop', where, what, remedy)


def _check_length(cfg: Config, loop: dict, field: str) -> Iterator[Finding]:
    length, begin = loop.get(field), loop.get('val_begin', 1)
    wrong = [key for key in (field, *WHOLE) if not _is_whole(loop.get(key, 1))]
    for key in wrong:
        what = f'is {loop[key]!r}, expected a whole number'
        yield config_error('loop', f'train_cfg.{key}', what, 'give a number of steps or epochs')
    if wrong:
        return
    if isinstance(length, int) and length < 1:
        what = f'{length}, expected at least 1'
        yield config_error('loop', f'train_cfg.{field}', what, 'give the length of the training')
    interval = loop.get('val_interval', 1)
    if isinstance(interval, int) and interval < 1:
        what = f'{interval}, expected at least 1'
        remedy = 'to validate nothing, leave val_dataloader, val_cfg and val_evaluator out'
        yield config_error('loop', 'train_cfg.val_interval', what, remedy)
    validates = cfg.get('val_dataloader') is not None
    if validates and isinstance(length, int) and isinstance(begin, int) and begin > length >= 1:
        what = f'{begin} is above {field}={length}: the run would never be validated'
        remedy = f'set it to at most {length}, or leave val_dataloader, val_cfg, val_evaluator out'
        yield config_error('loop', 'train_cfg.val_begin', what, remedy)


def _check_self_training(cfg: Config, loop: dict) -> Iterator[Finding]:
    """Fields and pipelines of self-training, as its loop and data set check them when built."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    mixture = isinstance(dataset, dict) and is_mixture(dataset)
    if loop.get('type') not in ('SelfTrainingLoop', 'mmseg.SelfTrainingLoop', SelfTrainingLoop):
        if mixture:
            what = f'is {loop.get("type")!r}, but train_dataloader.dataset is a SelfTrainingDataset'
            yield config_error('loop', 'train_cfg.type', what, "set it to 'SelfTrainingLoop'")
        return
    try:
        check_rounds(dict(loop))
    except (ValueError, TypeError) as error:
        where, _, what = str(error).partition(' ')
        yield config_error('loop', where, *fact_and_remedy(ValueError(what), 'correct it'))
    if not mixture:
        return
    target = dataset.get('target')
    pipelines = (target or {}).get('pipeline') or (), dataset.get('labelling_pipeline') or ()
    try:
        check_pipelines(*pipelines, dataset.get('prior_pipeline'))
    except ValueError as error:
        where, _, what = str(error).partition(': ')
        where = f'train_dataloader.dataset.{where}'
        yield config_error('pipeline', where, *fact_and_remedy(ValueError(what), 'correct it'))


def _is_whole(value: object) -> bool:
    """Whether a value is a whole number; one in quotes is reported elsewhere."""
    if isinstance(value, str):
        return is_quoted(value)
    return isinstance(value, int | float) and value == int(value)


def _check_by_epoch(cfg: Config) -> Iterator[Finding]:
    """Schedules by epoch, mmengine's default, have one step at the end of a loop by steps."""
    for where, schedule in schedulers_of(cfg):
        plateau = 'ReduceOnPlateau' in str(schedule.get('type'))  # changes at a validation
        if schedule.get('convert_to_iter_based') or plateau:
            continue
        if schedule.get('by_epoch', True):
            yield Finding(
                'warning',
                'config: schedule',
                f'{where}.by_epoch',
                'True, which is the default, but the loop counts steps: the schedule never changes',
                f'set {where}.by_epoch=False',
            )


def _check_checkpoints(cfg: Config) -> Iterator[Finding]:
    """A hook that counts epochs saves nothing before the end of a loop by steps."""
    hooks = dict(cfg.get('default_hooks') or {}).items()
    fields = [(f'default_hooks.{name}', hook) for name, hook in hooks]
    fields += [(f'custom_hooks.{i}', hook) for i, hook in enumerate(cfg.get('custom_hooks') or ())]
    for where, hook in fields:
        if not isinstance(hook, dict) or not _saves(hook.get('type')):
            continue
        interval = hook.get('interval', -1)
        if hook.get('by_epoch', True) and isinstance(interval, int) and interval > 0:
            what = 'True, which is the default, but the loop counts steps: no checkpoint before '
            what += 'the end of the run'
            remedy = f'set {where}.by_epoch=False, and interval to a number of steps'
            yield config_error('checkpoints', f'{where}.by_epoch', what, remedy)


def _saves(kind: object) -> bool:
    found = HOOKS.get(kind) if isinstance(kind, str) else kind
    return isinstance(found, type) and issubclass(found, CheckpointHook)
