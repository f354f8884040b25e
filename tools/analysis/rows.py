"""Rows of a results table: each a training run of tools/train.py, resumable."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

REPO = Path(__file__).resolve().parents[2]
POLL_SECONDS = 5


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        name: What the table calls it; also names its folder.
        config: Config below ``configs/``.
        start: Name of the row whose last checkpoint it starts from.
    """

    name: str
    config: str
    start: str | None = None

    @property
    def slug(self) -> str:
        """Folder name."""
        return ''.join(c if c.isalnum() else '_' for c in self.name.lower())


def run_rows(
    rows: list[Row],
    seeds: list[int],
    out_dir: Path,
    adjust: Callable[[Config], None] = lambda cfg: None,
    metric: str = 'mIoU',
) -> dict[str, dict[int, dict[str, float]]]:
    """Train what is not trained yet and collect the last validation of every run.

    Args:
        rows: In an order in which each comes behind the one it starts from.
        seeds: Every row runs once with each.
        out_dir: Runs go to ``out_dir/seedN/ROW``, their configs to ``ROW.py`` beside;
            finished ones are kept.
        adjust: Changes each config before it is run.
        metric: The one to print when a run is finished.

    Returns:
        Metrics of every run by row name and seed.

    Raises:
        RuntimeError: If a run fails; names its log.
    """
    results: dict[str, dict[int, dict[str, float]]] = {row.name: {} for row in rows}
    total = len(rows) * len(seeds)
    for number, (seed, row) in enumerate(((s, r) for s in seeds for r in rows), start=1):
        print(f'[{number}/{total}] {row.name}, seed {seed}', flush=True)
        work_dir = out_dir / f'seed{seed}' / row.slug
        source = next((other for other in rows if other.name == row.start), None)
        started = time.time()
        metrics = _run(row, seed, work_dir, source and work_dir.parent / source.slug, adjust)
        results[row.name][seed] = metrics
        print(f'    {metric} {metrics[metric]:.2f} ({time.time() - started:.0f} s)', flush=True)
    return results


def last_checkpoint(work_dir: Path) -> Path:
    """The checkpoint that a finished run ended with."""
    return Path((work_dir / 'last_checkpoint').read_text().strip())


def _run(
    row: Row, seed: int, work_dir: Path, source: Path | None, adjust: Callable[[Config], None]
) -> dict[str, float]:
    """Metrics of one run, trained now unless it is finished."""
    cfg = Config.fromfile(REPO / 'configs' / row.config)
    adjust(cfg)
    cfg.randomness = dict(seed=seed)
    if source is not None:
        cfg.load_from = str(last_checkpoint(source))
    # Beside the work dir: the runner writes its own copy into that, under the same name.
    config, finished = work_dir.with_suffix('.py'), work_dir / 'metrics.json'
    if config.exists() and config.read_text() != cfg.pretty_text:
        raise RuntimeError(
            f'{work_dir} holds a run of another config ({config}); '
            'give another --out folder or move this one away'
        )
    if finished.exists():
        return json.loads(finished.read_text())
    work_dir.mkdir(parents=True, exist_ok=True)
    config.write_text(cfg.pretty_text)
    _train(config, work_dir, cfg.train_cfg.max_iters)
    metrics = _last_validation(work_dir)
    finished.write_text(json.dumps(metrics, indent=1))
    return metrics


def _train(config: Path, work_dir: Path, max_iters: int) -> None:
    """Run tools/train.py, showing its progress."""
    command = [sys.executable, str(REPO / 'tools/train.py'), str(config)]
    command += ['--work-dir', str(work_dir), '--resume']
    log = work_dir / 'train.log'
    with log.open('a') as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, cwd=REPO)
        try:
            while process.poll() is None:
                time.sleep(POLL_SECONDS)
                _show_progress(work_dir, max_iters)
        finally:
            process.kill()
    print('\r' + ' ' * 60 + '\r', end='')
    if process.returncode:
        tail = '\n'.join(log.read_text().splitlines()[-15:])
        raise RuntimeError(f'{" ".join(command)} failed; the end of {log}:\n{tail}')


def _show_progress(work_dir: Path, max_iters: int) -> None:
    step = max((record['step'] for record in _records(work_dir) if 'loss' in record), default=0)
    if sys.stdout.isatty():
        print(f'\r    step {step}/{max_iters}', end='', flush=True)


def _records(work_dir: Path) -> list[dict]:
    """What the visualizer logged, over all starts of the run, oldest first."""
    files = sorted(work_dir.glob('*/vis_data/scalars.json'))
    lines = [line for file in files for line in file.read_text().splitlines()]
    return [json.loads(line) for line in lines if line.endswith('}')]


def _last_validation(work_dir: Path) -> dict[str, float]:
    validations = [record for record in _records(work_dir) if 'mIoU' in record]
    if not validations:
        raise RuntimeError(f'{work_dir}: the run ended without a validation')
    return validations[-1]
