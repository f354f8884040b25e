"""The command ``adapt`` on the images of the demo, in both of its modes at the same time."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmseg_maxsquare.adapt.request import Request
from mmseg_maxsquare.analysis.run_logs import steps_done
from mmseg_maxsquare.runs.errors import fail
from mmseg_maxsquare.runs.progress import add_bar, advance_bar, new_bars

POLL_SECONDS = 2
MODES = {'adapt, source-free': '--source-free', 'adapt, with source': '--with-source'}
SOURCE_FREE = next(iter(MODES))
STEPS = Request.steps


@dataclass
class Adaptation:
    """A call of ``adapt`` in a process of its own.

    Attributes:
        folder: Folder of its results; its output is in a ``.log`` file beside that.
        process: The process.
        done: Training steps that have been seen.
    """

    folder: Path
    process: subprocess.Popen
    done: int = 0

    @property
    def log(self) -> Path:
        """Output of the process."""
        return self.folder.with_suffix('.log')

    def steps(self) -> int:
        """Steps since the last call."""
        before, self.done = self.done, steps_done(self.folder / 'run')
        return self.done - before


def folder_of(mode: str, out: Path) -> Path:
    """Folder of a mode's results."""
    return out / mode.replace(', ', '_').replace('-', '_').replace(' ', '_')


def adapt_both(config: Path, checkpoint: Path, target: Path, out: Path) -> dict[str, Path]:
    """Adapt a model in both modes; a finished adaptation is kept.

    Args:
        config: Of the source model.
        checkpoint: Its weights.
        target: Folder of images.
        out: Folder of the results.

    Returns:
        Folder of the results by mode.
    """
    threads = max(1, (os.cpu_count() or 1) // len(MODES))
    folders = {mode: folder_of(mode, out) for mode in MODES}
    started: list[Adaptation] = []
    try:
        for mode, option in MODES.items():
            call: list[str | Path] = [
                'adapt',
                config,
                checkpoint,
                target,
                '--out',
                folders[mode],
                option,
            ]
            started.append(start(call, folders[mode], threads))
        wait(started)
    finally:
        for adaptation in started:
            adaptation.process.kill()
    for adaptation in started:
        if adaptation.process.returncode:
            tail = adaptation.log.read_text(errors='replace').splitlines()[-5:]
            fail('\n'.join([f'adapt failed; the end of {adaptation.log}:', *tail]))
    return folders


def start(call: Sequence[str | Path], folder: Path, threads: int) -> Adaptation:
    """Start the command."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix('.log').open('a') as log:
        process = subprocess.Popen(
            [sys.executable, '-m', 'mmseg_maxsquare', *map(str, call)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, 'OMP_NUM_THREADS': str(threads)},
        )
    return Adaptation(folder, process)


def wait(started: Sequence[Adaptation]) -> None:
    """Show the steps of the adaptations until all have ended."""
    with new_bars() as bars:
        names = [adaptation.folder.name for adaptation in started]
        of = [add_bar(bars, f'    {name}', STEPS) for name in names]
        while any(adaptation.process.poll() is None for adaptation in started):
            time.sleep(POLL_SECONDS)
            for bar, adaptation in zip(of, started, strict=True):
                advance_bar(bars, bar, adaptation.steps())


def verdict_of(folder: Path) -> str:
    """Verdict of a finished adaptation."""
    return json.loads((folder / 'verdict.json').read_text(encoding='utf-8'))['verdict']
