"""A training run: what the command ``train`` and tools/train.py do."""

from collections.abc import Sequence

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.runner import Runner

from mmseg_maxsquare.engine import load_only_safely
from mmseg_maxsquare.engine.schedules import ScheduleHook
from mmseg_maxsquare.engine.uda_hook import unwrap

from .checkpoints import require_checkpoint, resume_from_newest
from .config import load_config
from .console import progress_of
from .errors import fail, one_line_errors
from .findings import stop_at
from .label_values import check_label_values
from .launch import build_runner, join_processes
from .preflight import check_training, source_parts
from .rehearsal import metas_of, rehearse
from .sizes import check_sizes, parts_of


def train(
    config: str,
    options: Sequence[str] = (),
    work_dir: str | None = None,
    resume: bool = False,
    amp: str | None = None,
    launcher: str = 'none',
    local_rank: int = 0,
    verbose: bool = False,
) -> None:
    """Train a model; wrong input stops the program before the first step.

    Args:
        config: See :func:`~mmseg_maxsquare.runs.config.load_config`.
        options: See there.
        work_dir: See there.
        resume: Resume from the newest readable checkpoint in the work dir, if any.
        amp: ``'float16'`` or ``'bfloat16'`` for mixed precision. Defaults to None.
        launcher: See :func:`~mmseg_maxsquare.runs.launch.join_processes`.
        local_rank: See there.
        verbose: Show the whole log on the terminal.
    """
    load_only_safely()
    cfg = load_config(config, options, work_dir, ('train_dataloader', 'val_dataloader'))
    join_processes(cfg, launcher, local_rank)
    if amp:
        use_amp(cfg, amp)
    name_source_model(cfg)
    if not (resume and resume_from_newest(cfg)) and cfg.get('load_from'):
        require_checkpoint(
            cfg.load_from,
            'load_from',
            'train the source model first (configs/source_only), '
            'or name another with --cfg-options load_from=PATH',
        )
    if cfg.get('load_from'):
        skip_remote_weights(cfg.get('model'))
    check_training(cfg, resume)
    runner = build_runner(cfg, ('train', 'val'), verbose)
    with one_line_errors(cfg):
        _try_out(cfg, runner)
    runner.register_hook(ScheduleHook(), priority='HIGHEST')
    with one_line_errors(cfg), progress_of(runner, verbose):
        runner.train()


def _try_out(cfg: Config, runner: Runner) -> None:
    """Look at labels and sizes, and rehearse the first step and validation."""
    loops, model = ('train', 'val'), unwrap(runner.model)
    stop_at(check_label_values(runner, loops))
    parts = list(parts_of(runner, loops))
    stop_at(check_sizes(model, parts))
    stop_at(rehearse(cfg, model, parts, metas_of(runner, loops)))


def name_source_model(cfg: Config) -> None:
    """Fill in ``load_from`` where a part asks for the source model and names no file."""
    for _, part in source_parts(cfg):
        if part.get('checkpoint') is None:
            part['checkpoint'] = cfg.get('load_from')


def skip_remote_weights(part: object) -> None:
    """Take weights off a model's config that would be fetched and then replaced by ``load_from``.

    Args:
        part: ``model``, or a part of it.
    """
    if isinstance(part, list | tuple):
        for item in part:
            skip_remote_weights(item)
    if not isinstance(part, dict):
        return
    for key, value in list(part.items()):
        source = value.get('checkpoint') if isinstance(value, dict) else value
        if key in ('pretrained', 'init_cfg') and isinstance(source, str) and '://' in source:
            part[key] = None
        else:
            skip_remote_weights(value)


def use_amp(cfg: Config, dtype: str) -> None:
    """Run the forward passes in half precision."""
    if get_device() == 'cpu':
        fail('--amp needs a GPU, and none is available; leave it out')
    if dtype == 'bfloat16' and get_device() == 'cuda' and not torch.cuda.is_bf16_supported():
        fail(f'--amp: {torch.cuda.get_device_name()} has no bfloat16; use --amp float16')
    # bfloat16 has the range of float32, so no loss scaling is needed.
    scale = 'dynamic' if dtype == 'float16' else dict(enabled=False)
    cfg.optim_wrapper.update(type='AmpOptimWrapper', dtype=dtype)
    cfg.optim_wrapper.setdefault('loss_scale', scale)
