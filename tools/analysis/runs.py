"""Runs of a results table: tools/train.py and tools/test.py, resumable."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mmengine.config import Config

from tables import REPO, Run, read_config

POLL_SECONDS = 2
QUIET_SECONDS = 60  # between two lines of progress where no terminal is watching

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
    cfg = read_config(REPO / 'configs' / run.config)
    adjust(cfg)
    cfg.merge_from_dict(dict(run.options))
    cfg.run = dict(config=run.config, options=dict(run.options))
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
    if config.exists() and config.read_text() != cfg.pretty_text:
        raise RuntimeError(
            f'{work_dir} holds a run of another config ({config}); '
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


def finished_metrics(work_dir: Path, oracle: str | None = None) -> Metrics | None:
    """Metrics of a work dir's last checkpoint; None if its run is not finished.

    Args:
        work_dir: Of a training run, or of a test (the latest counts).
        oracle: Name of a metric: take the validation where it is highest
            instead, which needs labels of the target.
    """
    validations = [record for record in records(work_dir) if 'mIoU' in record]
    cfg = dumped_config(work_dir)
    if cfg is None:
        return None
    last = [v for v in validations if v['step'] >= cfg.train_cfg.max_iters]
    if last:
        return max(validations, key=lambda v: v[oracle]) if oracle else last[-1]
    tests = sorted(p for p in work_dir.glob('*/*.json') if p.stem == p.parent.name)
    return json.loads(tests[-1].read_text()) if tests and not validations else None


def dumped_config(work_dir: Path) -> Config | None:
    """The config that the runner left in a work dir, the latest if there are several."""
    files = sorted(work_dir.glob('*.py'), key=lambda path: path.stat().st_mtime)
    return read_config(files[-1]) if files else None


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
    """Run tools/train.py or tools/test.py, showing its progress."""
    if run.train:
        command = ['tools/train.py', str(config), '--resume']
    else:
        command = ['tools/test.py', str(config), cfg.load_from]
    command = [sys.executable, str(REPO / command[0]), *command[1:], '--work-dir', str(work_dir)]
    log = work_dir / 'run.log'
    with log.open('a') as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, cwd=REPO)
        try:
            _watch(process, work_dir, cfg.train_cfg.max_iters if run.train else 0)
        finally:
            process.kill()
    if process.returncode:
        tail = '\n'.join(log.read_text(errors='replace').splitlines()[-15:])
        raise RuntimeError(f'{" ".join(command)} failed; the end of {log}:\n{tail}')


def _watch(process: subprocess.Popen, work_dir: Path, max_iters: int) -> None:
    """Show the steps of a run until it ends."""
    terminal = sys.stdout.isatty()
    shown = time.time()
    while process.poll() is None:
        time.sleep(POLL_SECONDS)
        if max_iters and (terminal or time.time() - shown > QUIET_SECONDS):
            shown = time.time()
            text = f'    step {steps_done(work_dir)}/{max_iters}'
            print(f'\r{text}' if terminal else text, end='' if terminal else '\n', flush=True)
    if terminal:
        print('\r' + ' ' * 40 + '\r', end='')
