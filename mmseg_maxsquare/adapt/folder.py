"""The folder of an adaptation: what it holds, and whether a request may go on in it."""

import json
from pathlib import Path

from mmseg_maxsquare.engine.atomic_files import AtomicBackend

from .request import Request

RECORD = 'adapt.json'
FILES = ('config.py', 'train.txt', 'held_out.txt')


class Folder:
    """Files of an adaptation.

    Attributes:
        root: The folder.
        config: The config of the run.
        train: List of the images to train on.
        held_out: List of the images to look at.
        run: Work dir of the training.
        guard: The guard's table, written by the training.
        verdict: Written last: the adaptation is finished.
        adapted: The weights.
        report: The page for a browser.
        indicators: The guard's table, as a result.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.record = root / RECORD
        self.config, self.train, self.held_out = (root / name for name in FILES)
        self.run = root / 'run'
        self.guard = self.run / 'guard.csv'
        self.verdict = root / 'verdict.json'
        self.adapted = root / 'adapted.pth'
        self.report = root / 'report.html'
        self.indicators = root / 'indicators.csv'

    @property
    def begun(self) -> bool:
        """Whether it holds an adaptation."""
        return self.record.is_file()

    @property
    def finished(self) -> bool:
        """Whether the adaptation is complete."""
        return self.verdict.is_file()

    def check(self, request: Request) -> None:
        """Raise ``ValueError`` if the folder holds anything but the run of this request."""
        if not self.begun:
            # A call that was killed before its first step may have left its lists.
            foreign = self.root.exists() and (
                not self.root.is_dir() or {path.name for path in self.root.iterdir()} - {*FILES}
            )
            if foreign:
                raise ValueError(
                    f'--out: {self.root} exists and holds no adaptation; name a new folder'
                )
            return
        then, now = json.loads(self.record.read_text(encoding='utf-8')), request.identity()
        changed = [
            f'{key}: {then.get(key)!r} there, {now[key]!r} now'
            for key in now
            if then.get(key) != now[key]
        ]
        if changed:
            raise ValueError(
                f'--out: {self.root} holds an adaptation with other arguments '
                f'({"; ".join(changed[:3])}); repeat those to go on, or name another folder'
            )

    def write(self, path: Path, text: str) -> None:
        """Write a text file, complete or not at all."""
        AtomicBackend().put_text(text, path)
