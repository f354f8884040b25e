"""What runs leave in their work dirs: metrics, steps, times."""

import json
import math
import statistics
from pathlib import Path

from mmengine.config import Config

from mmseg_maxsquare.runs.config import read_config

SCORES = ('mIoU', 'aAcc')  # every validation returns one of these
Metrics = dict[str, float]


def finished_metrics(work_dir: Path, oracle: str | None = None) -> Metrics | None:
    """Metrics of a work dir's last checkpoint; None if its run is not finished.

    Args:
        work_dir: Of a training run, or of a test (the latest counts).
        oracle: Name of a metric: use the validation with its highest value
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
    """Whether a work dir belongs to a training run, not only to a test."""
    return steps_done(work_dir) > 0


def logged_config(work_dir: Path) -> Config | None:
    """The config of the latest training in a work dir, else of the latest test.

    A test may have written its config into the folder of the training; that config
    does not describe the training.
    """
    starts = sorted(work_dir.glob('*/vis_data/config.py'))
    trained = [path for path in starts if '"loss"' in text_of(path.with_name('scalars.json'))]
    return read_config((trained or starts)[-1]) if starts else None


def records(work_dir: Path) -> list[dict]:
    """Records logged by the visualizer over all starts of the run, oldest first."""
    files = sorted(work_dir.glob('*/vis_data/scalars.json'))
    lines = [line for file in files for line in file.read_text().splitlines()]
    return [json.loads(line) for line in lines if line.endswith('}')]


def steps_done(work_dir: Path) -> int:
    """Last training step that a run has logged; 0 if it has not started."""
    return max((record['step'] for record in records(work_dir) if 'loss' in record), default=0)


def seconds_per_step(work_dir: Path) -> float:
    """Median logged time of a training step, which pauses do not change; NaN if none is logged."""
    times = [record['time'] for record in records(work_dir) if {'loss', 'time'} <= set(record)]
    return statistics.median(times) if times else math.nan


def text_of(path: Path) -> str:
    """Text of a file; empty if there is none."""
    return path.read_text() if path.is_file() else ''
