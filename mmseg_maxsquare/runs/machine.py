"""The machine: versions, accelerator, disk space, work dir."""

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cv2
import numpy as np
import PIL
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.optim import AmpOptimWrapper
from torch import nn

from mmseg_maxsquare.engine.method_optimizers import own_networks
from mmseg_maxsquare.stack import DISTRIBUTIONS

from .errors import fail, some
from .findings import Finding

GB = 1e9
# Values that an optimizer stores per trained parameter.
OPTIMIZER_STATE = {'SGD': 1, 'Adam': 2, 'AdamW': 2}
LOGS = 50e6


def describe_machine() -> list[str]:
    """Versions and accelerator, one per line."""
    packages = [name for names in DISTRIBUTIONS.values() for name in names]
    found = [f'{name} {_version(name)}' for name in packages if _version(name)]
    lines = [
        f'python {platform.python_version()}, {platform.platform()}',
        f'torch {torch.__version__}, numpy {np.__version__}, opencv {cv2.__version__}, '
        f'pillow {PIL.__version__}, mmseg_maxsquare {_version("mmseg_maxsquare")}',
        ', '.join(found),
    ]
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        return [*lines, f'CUDA: {", ".join(names)}']
    return [*lines, f'no CUDA device; {os.cpu_count()} CPU cores']


def check_machine(cfg: Config, model: nn.Module | None) -> Iterator[Finding]:
    """Whether the run can start here and write its files."""
    if not torch.cuda.is_available():
        what = 'no CUDA device: training runs on the CPU'
        yield Finding('note', 'machine: accelerator', 'torch.cuda', what)
    fault = _fault_of_folder(cfg.work_dir)
    if fault:
        remedy = 'choose another folder with --work-dir'
        yield Finding('error', 'machine: work dir', cfg.work_dir, fault, remedy)
        return
    parent = _parent(cfg.work_dir)
    out = ((cfg.get('default_hooks') or {}).get('checkpoint') or {}).get('out_dir')
    if out is not None and '://' not in str(out) and (fault := _fault_of_folder(str(out))):
        where = 'default_hooks.checkpoint.out_dir'
        yield Finding('error', 'machine: checkpoints', where, fault, 'choose another folder')
    if model is not None:
        yield from _check_disk(cfg, model, parent)
    yield from _check_earlier_run(cfg.work_dir)


def check_precision(cfg: Config, level: str) -> Iterator[Finding]:
    """Mixed precision in the config of a run on a machine without a GPU."""
    kind = (cfg.get('optim_wrapper') or {}).get('type')
    if kind in ('AmpOptimWrapper', AmpOptimWrapper) and get_device() == 'cpu':
        what = 'AmpOptimWrapper needs a GPU, and none is available'
        remedy = "set it to 'OptimWrapper', or train on a machine with a GPU"
        yield Finding(level, 'machine: accelerator', 'optim_wrapper.type', what, remedy)


def require_folder(folder: Path, option: str) -> None:
    """Fail if a folder cannot be made or written to.

    Args:
        folder: The folder of a command's results.
        option: The option that names it, for the message.
    """
    if fault := _fault_of_folder(str(folder)):
        fail(f'{option}: {folder}: {fault}; name another folder')


def _parent(folder: str) -> str:
    """The folder, or what exists above it."""
    parent = os.path.abspath(folder)
    while not os.path.exists(parent):
        parent = os.path.dirname(parent)
    return parent


def _fault_of_folder(folder: str) -> str | None:
    """Why a folder cannot be made or written to; None if it can."""
    parent = _parent(folder)
    if not os.path.isdir(parent):
        return f'{parent} is a file'
    try:
        writable = os.access(parent, os.W_OK | os.X_OK)
        tempfile.TemporaryFile(dir=parent).close()  # root may write everywhere but cannot in /proc
    except OSError:
        writable = False
    return None if writable else f'{parent} cannot be written to'


def _check_disk(cfg: Config, model: nn.Module, folder: str) -> Iterator[Finding]:
    """Compare the size of the checkpoints with the free disk space."""
    free = shutil.disk_usage(folder).free
    size = checkpoint_bytes(cfg, model)
    kept = checkpoints_kept(cfg)
    need = size * kept + LOGS
    what = (
        f'{free / GB:.1f} GB free; the run writes about {need / GB:.1f} GB ({kept} checkpoints of '
        f'{size / GB:.2f} GB, logs)'
    )
    remedy = (
        'free some space, choose another disk with --work-dir, or keep fewer with '
        'default_hooks.checkpoint.max_keep_ckpts'
    )
    level = 'error' if need > free else 'warning' if 2 * need > free else None
    if level:
        yield Finding(level, 'machine: disk', cfg.work_dir, what, remedy)
    else:
        yield Finding('note', 'machine: disk', cfg.work_dir, what)


def checkpoint_bytes(cfg: Config, model: nn.Module) -> int:
    """Size of one checkpoint: weights, buffers and the optimizer's state."""
    tensors = [*model.parameters(), *model.buffers()]
    weights = sum(t.numel() * t.element_size() for t in tensors)
    wrapper = cfg.get('optim_wrapper') or {}
    networks = {id(p) for network in own_networks(model) for p in network.parameters()}
    state = 0
    for parameter in model.parameters():
        part = (wrapper.get('methods') or {}) if id(parameter) in networks else wrapper
        kind = (part.get('optimizer') or {}).get('type', '')
        if parameter.requires_grad:
            factor = OPTIMIZER_STATE.get(kind, 1)
            state += factor * parameter.numel() * parameter.element_size()
    return weights + state


def checkpoints_kept(cfg: Config) -> int:
    """Number of checkpoints on the disk at the same time."""
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    interval, keep = (_whole(hook.get(key), -1) for key in ('interval', 'max_keep_ckpts'))
    loop = cfg.get('train_cfg') or {}
    steps = _whole(loop.get('max_iters') or loop.get('max_epochs'), 0)
    written = -(-steps // interval) if interval > 0 and steps else 1
    # The hook writes the new one before it deletes the oldest.
    kept = min(written, keep + 1) if keep > 0 else written
    best = hook.get('save_best')
    return max(kept, 1) + (len(best) if isinstance(best, list | tuple) else bool(best))


def _whole(value: object, default: int) -> int:
    """A number; one of another kind is reported elsewhere."""
    return int(value) if isinstance(value, int | float) else default


def _check_earlier_run(work_dir: str) -> Iterator[Finding]:
    names = sorted(os.listdir(work_dir)) if os.path.isdir(work_dir) else []
    left = [name for name in names if name.endswith('.pth') or name == 'last_checkpoint']
    if left:
        what = f'already holds checkpoints of a run: {some(left, 3)}'
        remedy = 'use --resume to continue it, or --work-dir for another folder'
        yield Finding('warning', 'machine: work dir', work_dir, what, remedy)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ''
