"""Runs of a results table: each trained and tested in a process of its own, resumable."""

import ctypes
import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mmengine.config import Config

from mmseg_maxsquare.runs.config import read_config
from mmseg_maxsquare.runs.earlier_run import SECTIONS, differences
from mmseg_maxsquare.runs.progress import progress
from mmseg_maxsquare.shipped import shipped_configs

from .tables import Run

SCORES = ('mIoU', 'aAcc')  # one of which every validation gives
POLL_SECONDS = 2
PR_SET_PDEATHSIG = 1  # of Linux's prctl

# A row of a table has one length and one way of scoring, too.
COMPARED = (*SECTIONS, 'train_cfg', 'param_scheduler', 'val_dataloader', 'val_evaluator')

Metrics = dict[str, float]


def work_dir_of(run: Run, seed: int, out: Path) -> Path:
    """Where a run keeps its logs and checkpoints."""
    return out / f'seed{seed}' / run.slug


def last_checkpoint(work_dir: Path) -> Path:
    """The checkpoint that a run ended with.

    Raises:
        RuntimeError: If it has none.
    """
    pointer = work_dir / 'last_checkpoint'
    if not pointer.is_file():
        raise RuntimeError(f'{work_dir} has no checkpoint')
    # The name counts, not the folder: results may have been moved.
    return work_dir / Path(pointer.read_text().strip()).name


def prepare(run: Run, seed: int, out: Path, adjust: Callable[[Config], None]) -> Config:
    """The config of a run; ``run`` in it says which it is.

    Args:
        run: What to run.
        seed: Its seed.
        out: Folder of all runs.
        adjust: Changes the config further.
    """
    cfg = read_config(shipped_configs() / run.config)
    adjust(cfg)
    cfg.merge_from_dict(dict(run.options))
    start = run.start and run.start.config
    cfg.run = dict(config=run.config, options=dict(run.options), start=start)
    cfg.randomness = dict(seed=seed)
    if run.start is not None:
        cfg.load_from = str(last_checkpoint(work_dir_of(run.start, seed, out)))
    return cfg


def execute(run: Run, seed: int, out: Path, adjust: Callable[[Config], None]) -> Metrics:
    """Metrics of a run, trained (or gone on with) now unless it is finished.

    Raises:
        RuntimeError: If it fails, or its folder holds a run of another config.
    """
    work_dir = work_dir_of(run, seed, out)
    cfg = prepare(run, seed, out, adjust)
    # Beside the work dir: the runner writes its own copy into that, under the same name.
    config = work_dir.parent / f'{work_dir.name}.py'
    changed = differences(cfg, _text(config), COMPARED) if _begun(work_dir) else []
    if changed:
        raise RuntimeError(
            f'{work_dir} holds a run of another config: {"; ".join(changed[:3])}; '
            'give another --out folder or move this one away'
        )
    metrics = finished_metrics(work_dir)
    if metrics is None:
        work_dir.mkdir(parents=True, exist_ok=True)
        config.write_text(cfg.pretty_text)
        _call(run, config, work_dir, cfg)
        metrics = finished_metrics(work_dir)
    if metrics is None:
        raise RuntimeError(f'{work_dir}: the run ended without a validation')
    return metrics


def _begun(work_dir: Path) -> bool:
    return any(work_dir.glob('*.pth')) or finished_metrics(work_dir) is not None


def finished_metrics(work_dir: Path, oracle: str | None = None) -> Metrics | None:
    """Metrics of a work dir's last checkpoint; None if its run is not finished.

    Args:
        work_dir: Of a training run, or of a test (the latest counts).
        oracle: Name of a metric: take the validation where it is highest
            instead, which needs labels of the target.
    """
    cfg = logged_config(work_dir)
    if cfg is None:
        return None
    if not was_trained(work_dir):
        tests = sorted(p for p in work_dir.glob('*/*.json') if p.stem == p.parent.name)
        return json.loads(tests[-1].read_text()) if tests else None
    validations = [r for r in records(work_dir) if any(score in r for score in SCORES)]
    last = [v for v in validations if v['step'] >= cfg.train_cfg.max_iters]
    if not last:
        return None
    return max(validations, key=lambda v: v[oracle]) if oracle else last[-1]


def was_trained(work_dir: Path) -> bool:
    """Whether a work dir is a training run's, rather than only a test's."""
    return steps_done(work_dir) > 0


def logged_config(work_dir: Path) -> Config | None:
    """The config of a work dir's latest start; of its latest training, if it was trained.

    A test may have been written into the folder of the training: what it dumps
    there says nothing of the run.
    """
    starts = sorted(work_dir.glob('*/vis_data/config.py'))
    trained = [path for path in starts if '"loss"' in _text(path.with_name('scalars.json'))]
    return read_config((trained or starts)[-1]) if starts else None


def _text(path: Path) -> str:
    return path.read_text() if path.is_file() else ''


def records(work_dir: Path) -> list[dict]:
    """What the visualizer logged, over all starts of the run, oldest first."""
    files = sorted(work_dir.glob('*/vis_data/scalars.json'))
    lines = [line for file in files for line in file.read_text().splitlines()]
    return [json.loads(line) for line in lines if line.endswith('}')]


def steps_done(work_dir: Path) -> int:
    """Training step that a run has logged last; 0 if it has not begun."""
    return max((record['step'] for record in records(work_dir) if 'loss' in record), default=0)


def seconds_per_step(work_dir: Path) -> float:
    """Mean time of a step as logged; NaN if nothing is."""
    times = [record['time'] for record in records(work_dir) if 'time' in record]
    return sum(times) / len(times) if times else math.nan


def _call(run: Run, config: Path, work_dir: Path, cfg: Config) -> None:
    """Train or test in a process of its own, showing its progress."""
    command = ['train', str(config), '--resume'] if run.train else ['test', str(config)]
    command += [] if run.train else [cfg.load_from]
    command = [sys.executable, '-m', 'mmseg_maxsquare', *command, '--work-dir', str(work_dir)]
    log = work_dir / 'run.log'
    with log.open('a') as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=subprocess.STDOUT, preexec_fn=_end_with_parent
        )
        try:
            _watch(process, work_dir, cfg.train_cfg.max_iters if run.train else 0)
        finally:
            process.kill()
    if process.returncode:
        tail = '\n'.join(log.read_text(errors='replace').splitlines()[-15:])
        raise RuntimeError(f'{" ".join(command)} failed; the end of {log}:\n{tail}')


def _end_with_parent() -> None:
    """Have Linux kill this process when the one that started it is gone.

    Two trainings must not write into one folder when a table is started again.
    """
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch(process: subprocess.Popen, work_dir: Path, max_iters: int) -> None:
    """Show the steps of a run until it ends."""
    if not max_iters:
        process.wait()
        return
    done = steps_done(work_dir)
    with progress('    steps', max_iters, done) as advance:
        while process.poll() is None:
            time.sleep(POLL_SECONDS)
            now = steps_done(work_dir)
            advance(now - done)
            done = now
