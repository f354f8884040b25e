"""Faults of the work dir and the disk."""

import errno
import os
from collections import namedtuple
from pathlib import Path

import torch
from mmseg.registry import MODELS

from mmseg_maxsquare.engine.atomic_files import AtomicBackend

from .base import Place, fault

Usage = namedtuple('Usage', 'total used free')


@fault('<work dir>: <file> is a file; choose another folder with --work-dir')
def work_dir_is_a_file(here: Place) -> None:
    (here.root / 'work').write_text('notes')


@fault('<work dir>: <folder> cannot be written to; choose another folder with --work-dir')
def read_only_work_dir(here: Place) -> None:
    """Root may write everywhere, so the answer is planted."""
    here.patch.setattr('os.access', lambda path, mode: False)


@fault(
    '<work dir>: <n> GB free, a checkpoint and logs take <n> GB; free some space, or choose '
    'another disk with --work-dir'
)
def full_disk(here: Place) -> None:
    here.patch.setattr('shutil.disk_usage', lambda path: Usage(10**9, 10**9 - 5000, 5000))


@fault('<work dir>: No space left on device; free some space, then continue with --resume')
def disk_fills_up(here: Place) -> None:
    def put(*args) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    here.patch.setattr(AtomicBackend, 'put', put)


@fault(
    '<work dir>: holds a run already (<file>), which is never overwritten; continue it with '
    '--resume, or name another folder with --work-dir'
)
def used_work_dir(here: Place) -> None:
    save_run(here)


@fault(
    '<work dir>: holds <file>, but no checkpoint that --resume can continue from; name another '
    'folder with --work-dir, or move these files away',
    'train CONFIG --resume',
)
def run_without_optimizer(here: Place) -> None:
    path = save_run(here)
    state = torch.load(path)['state_dict']
    torch.save(dict(state_dict=state), path)


@fault(
    '<work dir>: holds a run of another config: <fields>; resume it with its own config and '
    'options, or name another folder with --work-dir',
    'train CONFIG --resume --cfg-options train_cfg.max_iters=5 model.target_loss.alpha=0.2',
)
def run_of_another_config(here: Place) -> None:
    save_run(here)


@fault(
    'param_scheduler: <type> depends on the scores so far, so its settings and the length of the '
    'run cannot change on --resume; give them as they were',
    'train CONFIG --resume --cfg-options train_cfg.max_iters=5',
)
def schedule_by_scores_of_another_length(here: Place) -> None:
    here.cfg.param_scheduler = [dict(type='ReduceOnPlateauLR', monitor='mIoU', rule='greater')]
    save_run(here)


def save_run(here: Place) -> Path:
    """A checkpoint as a run of this config leaves it."""
    path = here.root / 'work/iter_2.pth'
    path.parent.mkdir()
    state = MODELS.build(here.cfg.model).state_dict()
    meta = dict(iter=2, seed=0, time='20260101_000000', cfg=here.cfg.pretty_text)
    torch.save(dict(state_dict=state, meta=meta, message_hub={}, optimizer={}), path)
    return path


@fault('default_hooks.checkpoint.out_dir: <reason>; choose another folder')
def checkpoints_into_a_file(here: Place) -> None:
    (here.root / 'taken').write_text('')
    here.cfg.default_hooks.checkpoint.out_dir = str(here.root / 'taken')
