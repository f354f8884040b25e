"""The folder of an adaptation: what it holds, and whether a request may go on in it."""

import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from mmseg_maxsquare.data_files import read_list
from mmseg_maxsquare.engine.atomic_files import PARTIAL, AtomicBackend

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
        diverged: Why the training ended early, if a loss was not finite.
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
        self.diverged = self.run / 'diverged.txt'

    @property
    def begun(self) -> bool:
        """Whether an adaptation was planned in it; its config is written last."""
        return self.record.is_file() and any(
            path.exists() for path in (self.config, self.run, self.verdict)
        )

    @property
    def finished(self) -> bool:
        """Whether the adaptation is complete."""
        return all(path.is_file() for path in (self.verdict, self.adapted, self.report))

    def images(self) -> list[Path]:
        """All images that the adaptation reads."""
        return list(dict.fromkeys([*listed(self.train), *listed(self.held_out)]))

    def check(self, request: Request) -> None:
        """Raise ``ValueError`` if the folder holds anything but the run of this request."""
        place = self.root.resolve()
        for name, path in request.files().items():
            if path.resolve().is_relative_to(place):
                raise ValueError(
                    f'--out: {self.root} holds the {name} {path}, which is yours; name a new folder'
                )
        if self.begun:
            self._compare(request)
            return
        # A call that was killed while it began has left its record, or a part of a file.
        own = self.record.is_file()
        if self.root.exists() and not own:
            left = {path.name for path in self.root.iterdir()} if self.root.is_dir() else {''}
            if any(not name.endswith(PARTIAL) for name in left):
                raise ValueError(
                    f'--out: {self.root} exists and holds no adaptation; name a new folder'
                )
        self._check_writable()

    def _compare(self, request: Request) -> None:
        """Raise ``ValueError`` unless the record is that of this request."""
        try:
            then = json.loads(self.record.read_text(encoding='utf-8'))
            contents = dict(then.get('contents') or {})
        except (ValueError, AttributeError, TypeError):
            raise ValueError(
                f'--out: {self.record} is damaged, so that it is not known what {self.root} '
                'holds; name a new folder'
            ) from None
        now = request.identity()
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
        # A file that is gone does not change what a finished adaptation has found.
        for name, digest in request.contents().items():
            if contents.get(name, digest) != digest:
                raise ValueError(
                    f'--out: {self.root} holds an adaptation of another {name}: the contents of '
                    f'{now[name]} have changed since; put the old file back, or name another folder'
                )

    def _check_writable(self) -> None:
        """Raise ``ValueError`` if nothing can be written; leaves no trace."""
        place = Path(os.path.abspath(self.root))
        while not place.exists() and not place.is_symlink():
            place = place.parent
        try:
            with tempfile.TemporaryDirectory(dir=place):
                pass
        except OSError as error:
            raise ValueError(
                f'--out: {self.root} cannot be written to: {place}: {error.strerror}; name another '
                'folder'
            ) from None

    def begin(self, request: Request) -> None:
        """Write the record, with which the folder is known as ours."""
        record = {**request.identity(), 'contents': request.contents()}
        self.write(self.record, json.dumps(record, indent=1))

    def withdraw(self) -> None:
        """Remove what a call has written that could not train."""
        shutil.rmtree(self.run, ignore_errors=True)
        for path in (self.config, self.train, self.held_out, self.record):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # it may have been there, and hold something else
            self.root.rmdir()

    def write(self, path: Path, text: str) -> None:
        """Write a text file, complete or not at all."""
        AtomicBackend().put_text(text, path)


def listed(path: Path) -> list[Path]:
    """Paths in a list that this command has written."""
    return [Path(line) for line in read_list(str(path)) if line]
