"""Runs of a results table: each is trained and tested in a separate process and can be resumed."""

import ctypes
import os
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

from .provenance import provenance
from .rows import Run
from .run_logs import Metrics, finished_metrics, steps_done, text_of

POLL_SECONDS = 2
LOG = 'run.log'  # of the process, in the work dir
PR_SET_PDEATHSIG = 1  # a constant of Linux's prctl

# All runs of a table row must also have the same length and the same scoring.
COMPARED = (*SECTIONS, 'train_cfg', 'param_scheduler', 'val_dataloader', 'val_evaluator')


def work_dir_of(run: Run, seed: int, out: Path) -> Path:
    """Where a run keeps its logs and checkpoints."""
    return out / f'seed{seed}' / run.slug


def last_checkpoint(work_dir: Path) -> Path:
    """The last checkpoint of a run.

    Raises:
        RuntimeError: If it has none.
    """
    pointer = work_dir / 'last_checkpoint'
    if not pointer.is_file():
        raise RuntimeError(f'{work_dir} has no checkpoint')
    # Only the name is used, not the folder: the results may have been moved.
    return work_dir / Path(pointer.read_text().strip()).name


def config_of(run: Run, adjust: Callable[[Config], None]) -> Config:
    """The config of a run, with its options and changes."""
    cfg = read_config(shipped_configs() / run.config)
    adjust(cfg)
    cfg.merge_from_dict(dict(run.options))
    return cfg


def prepare(run: Run, seed: int, out: Path, adjust: Callable[[Config], None]) -> Config:
    """The config of a run; its field ``run`` identifies the run.

    Args:
        run: The run.
        seed: Its seed.
        out: Folder of all runs.
        adjust: Changes the config further.
    """
    cfg = config_of(run, adjust)
    checkpoints = [str(last_checkpoint(work_dir_of(need, seed, out))) for need in run.needs]
    cfg.run = dict(
        config=run.config,
        options=dict(run.options),
        start=run.start and run.start.config,
        members=[member.config for member in run.members],
        weights=list(run.weights),
        mean=run.mean,
        checkpoints=checkpoints,
    )
    cfg.randomness = dict(seed=seed)
    if run.start is not None:
        cfg.load_from = checkpoints[0]
    return cfg


class Execution:
    """A run in a process of its own, or a finished run, which needs none.

    Args:
        run: The run.
        seed: Its seed.
        out: Folder of all runs.
        adjust: Changes the config further.
        threads: Of the process; None for PyTorch's own choice.

    Raises:
        RuntimeError: If its folder holds a run of another config.
    """

    def __init__(
        self,
        run: Run,
        seed: int,
        out: Path,
        adjust: Callable[[Config], None],
        threads: int | None = None,
    ) -> None:
        self.work_dir = work_dir_of(run, seed, out)
        cfg = prepare(run, seed, out, adjust)
        # Beside the work dir, into which the runner writes its own copy under the same name.
        config = self.work_dir.parent / f'{self.work_dir.name}.py'
        changed = differences(cfg, text_of(config), COMPARED) if _begun(self.work_dir) else []
        if changed:
            raise RuntimeError(
                f'{self.work_dir} holds a run of another config: {"; ".join(changed[:3])}; '
                'give another --out folder or move this one away'
            )
        self.steps = cfg.train_cfg.max_iters if run.train else 0
        self.done = steps_done(self.work_dir)
        self.process: subprocess.Popen | None = None
        if finished_metrics(self.work_dir) is None:
            self.work_dir.mkdir(parents=True, exist_ok=True)
            cfg.run.update(provenance(threads))
            config.write_text(cfg.pretty_text)
            self.process = _start(run, config, self.work_dir, cfg, threads)

    def progress(self) -> int:
        """Steps since the last call."""
        before, self.done = self.done, steps_done(self.work_dir)
        return self.done - before

    def running(self) -> bool:
        """Whether its process still works."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """End its process, if it has one."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def metrics(self) -> Metrics:
        """Metrics of the ended run.

        Raises:
            RuntimeError: If it failed.
        """
        if self.process is not None and self.process.returncode:
            log = self.work_dir / LOG
            tail = '\n'.join(log.read_text(errors='replace').splitlines()[-15:])
            raise RuntimeError(f'the program failed; the end of {log}:\n{tail}')
        metrics = finished_metrics(self.work_dir)
        if metrics is None:
            raise RuntimeError(f'{self.work_dir}: the run ended without a validation')
        return metrics


def execute(
    run: Run,
    seed: int,
    out: Path,
    adjust: Callable[[Config], None],
    threads: int | None = None,
) -> Metrics:
    """Metrics of a run; trains or resumes it unless it is finished.

    Raises:
        RuntimeError: If it fails, or its folder holds a run of another config.
    """
    execution = Execution(run, seed, out, adjust, threads)
    try:
        with progress('    steps', execution.steps, execution.done) as advance:
            while execution.running():
                time.sleep(POLL_SECONDS)
                advance(execution.progress())
    finally:
        execution.stop()
    return execution.metrics()


def _begun(work_dir: Path) -> bool:
    return any(work_dir.glob('*.pth')) or finished_metrics(work_dir) is not None


def _start(
    run: Run, config: Path, work_dir: Path, cfg: Config, threads: int | None
) -> subprocess.Popen:
    """Start the training or the test of a run; its output goes into its log."""
    command = ['train', str(config), '--resume']
    if not run.train:
        command = ['test', str(config), *cfg.run.checkpoints]
    if run.members:
        command += ['--weights', *map(str, run.weights), '--mean', run.mean]
    command = [sys.executable, '-m', 'mmseg_maxsquare', *command, '--work-dir', str(work_dir)]
    own = {} if threads is None else {'OMP_NUM_THREADS': str(threads)}
    with (work_dir / LOG).open('a') as stream:
        return subprocess.Popen(
            command,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **own},
            preexec_fn=_end_with_parent,
        )


def _end_with_parent() -> None:
    """Make Linux kill this process when its parent process ends.

    Otherwise two trainings could write into one folder when a table is started again.
    """
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
