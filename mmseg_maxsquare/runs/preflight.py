"""Checks before train and test start; they take a few seconds.

The data check (``mmseg-maxsquare check``) also reads all files.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import nn

from mmseg_maxsquare.engine import GuardHook, check_checkpoint
from mmseg_maxsquare.engine.schedules import refuse_plateau
from mmseg_maxsquare.models.class_share_anchor import load_source
from mmseg_maxsquare.models.fields import class_of, unknown_keys, unknown_message

from .domains import build, domains_of
from .earlier_run import checkpoints_in, differences
from .errors import fail, one_line, some
from .findings import Finding, stop_at
from .fit import REMEDY, misfit
from .machine import GB, LOGS, check_machine, check_precision, checkpoint_bytes
from .optimizer import check_optimizer, schedulers_of
from .pretrained import check_pretrained, check_remote
from .settings import LOOPS, check_settings, heads_of

ANCHOR = 'model.anchor.checkpoint'
GUARDS = ('GuardHook', 'mmseg.GuardHook', GuardHook)
NEW_PLACE = 'name another folder with --work-dir'


def check_training(cfg: Config, resume: bool) -> None:
    """Exit with a one-line error if a training cannot start or would destroy another run.

    Args:
        cfg: The config; ``load_from`` is the checkpoint to resume or load.
        resume: Whether ``--resume`` was given.
    """
    stop_at(check_fields(cfg, ('train', 'val')))
    stop_at(check_work_dir(cfg, resume))
    stop_at(check_precision(cfg, 'error'))
    model = _build(cfg)
    stop_at(check_optimizer(cfg, model))
    stop_at(check_pretrained(cfg, model))
    stop_at(check_anchor(cfg, model))
    stop_at(check_fit(cfg, model, 'load_from'))
    stop_at(check_disk(cfg, model))


def check_test(cfg: Config) -> None:
    """Exit with a one-line error if the checkpoint ``load_from`` cannot be evaluated."""
    stop_at(check_fields(cfg, ('test',)))
    stop_at(_work_dir_errors(cfg))
    stop_at(check_fit(cfg, _build(cfg), 'checkpoint'))


def check_fields(cfg: Config, loops: tuple[str, ...]) -> Iterator[Finding]:
    """Fields that contradict each other: class counts, loops, losses."""
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    others = [field for loop in LOOPS if loop not in loops for field in LOOPS[loop]]
    part = Config({key: value for key, value in cfg.items() if key not in others})
    domains = domains_of(part)
    for domain in domains:
        build(domain)
        yield from domain.findings
    for finding in check_settings(part, domains):
        if finding.where not in others:
            yield finding
    yield from _check_losses(cfg)


def _check_losses(cfg: Config) -> Iterator[Finding]:
    """Unknown keys in the losses of the heads; the target loss reports its own."""
    for where, head in heads_of(cfg):
        losses = head.get('loss_decode') or {}
        several = isinstance(losses, list | tuple)
        for i, loss in enumerate(losses if several else [losses]):
            kind = class_of(loss)
            if kind is not None and (unknown := unknown_keys(kind, loss)):
                place = f'{where}.loss_decode' + (f'.{i}' if several else '')
                message = unknown_message(kind, unknown)
                yield Finding('error', 'config: loss', place, message)


def check_work_dir(cfg: Config, resume: bool) -> Iterator[Finding]:
    """A work dir that cannot be written to, or holds a run that this one would overwrite."""
    yield from _work_dir_errors(cfg)
    found = checkpoints_in(cfg)
    what = remedy = ''
    if resume and cfg.get('resume'):
        text = check_checkpoint(cfg.load_from).get('meta', {}).get('cfg')
        text = text if isinstance(text, str) else ''
        others = differences(cfg, text)
        if others:
            what = f'holds a run of another config: {some(others, 3)}'
            remedy = f'resume it with its own config and options, or {NEW_PLACE}'
        yield from _check_schedules(cfg, text)
    elif resume:
        # A run that was killed before its first complete checkpoint starts again from step 0.
        whole = [path.name for path in found if _is_whole(path)]
        if whole:
            what = f'holds {whole[-1]}, but no checkpoint that --resume can continue from'
            remedy = f'{NEW_PLACE}, or move these files away'
    elif found:
        what = f'holds a run already ({found[-1].name}), which is never overwritten'
        remedy = f'continue it with --resume, or {NEW_PLACE}'
    if what:
        yield Finding('error', 'work dir', cfg.work_dir, what, remedy)


def _check_schedules(cfg: Config, text: str) -> Iterator[Finding]:
    """Schedules that depend on the past of the run, and have changed."""
    changed = differences(cfg, text, ('param_scheduler', 'train_cfg'))
    if all(field.startswith('train_cfg.val_') for field in changed):
        return
    try:
        refuse_plateau([str(schedule.get('type')) for _, schedule in schedulers_of(cfg)])
    except ValueError as error:
        where, _, fact = str(error).partition(': ')
        yield Finding('error', 'config: schedule', where, fact)


def _is_whole(path: Path) -> bool:
    try:
        return bool(check_checkpoint(path))
    except ValueError:
        return False


def _work_dir_errors(cfg: Config) -> Iterator[Finding]:
    for finding in check_machine(cfg, None):
        if finding.level == 'error':
            yield finding


def check_anchor(cfg: Config, model: nn.Module) -> Iterator[Finding]:
    """The source model of anchor and guard, which is loaded late."""
    for field, part in source_parts(cfg):
        try:
            load_source(model, part.get('checkpoint'))
        except (ValueError, OSError) as error:
            fact = one_line(error).removeprefix(f'{ANCHOR}: ')
            yield Finding('error', 'config: model', f'{field}.checkpoint', fact, REMEDY)


def source_parts(cfg: Config) -> Iterator[tuple[str, dict]]:
    """Fields whose ``checkpoint`` is the source model."""
    if cfg.get('model', {}).get('anchor') is not None:
        yield ANCHOR.removesuffix('.checkpoint'), cfg.model.anchor
    for i, hook in enumerate(cfg.get('custom_hooks') or ()):
        if isinstance(hook, dict) and hook.get('type') in GUARDS:
            yield f'custom_hooks.{i}', hook


def check_fit(cfg: Config, model: nn.Module, what: str) -> Iterator[Finding]:
    """The checkpoint to start from fits this model."""
    path = cfg.get('load_from')
    if path and '://' in path:
        yield from check_remote(what, path)
    if not path or '://' in path:
        return
    try:
        found = misfit(path, model)
    except ValueError as error:
        yield Finding('error', 'config: model', what, one_line(error))
        return
    if found:
        yield Finding('error', 'config: model', what, found, REMEDY)


def check_disk(cfg: Config, model: nn.Module) -> Iterator[Finding]:
    """Disk space for at least one checkpoint."""
    folder = Path(os.path.abspath(cfg.work_dir))
    while not folder.exists():
        folder = folder.parent
    free, need = shutil.disk_usage(folder).free, checkpoint_bytes(cfg, model) + LOGS
    if free < need:
        what = f'{free / GB:.2f} GB free, a checkpoint and logs take {need / GB:.2f} GB'
        remedy = 'free some space, or choose another disk with --work-dir'
        yield Finding('error', 'machine: disk', cfg.work_dir, what, remedy)


def _build(cfg: Config) -> nn.Module:
    """The model on the CPU with random weights."""
    try:
        return MODELS.build(ConfigDict(cfg.model.to_dict()))
    except Exception as error:  # a config can hold anything
        text = one_line(error)
        fail(text if text.startswith('model.') else f'model: cannot be built: {text}')
