"""A counter of what is done: rewritten in place on a terminal, now and then a line elsewhere."""

import sys
import time
from typing import TextIO

PAUSE = 5.0  # seconds between lines that cannot be rewritten


class Progress:
    """Counts the images of one domain.

    Args:
        name: The domain.
        total: Number of images.
        stream: Where to write. Defaults to standard error, so that the report
            on standard output stays clean.
    """

    def __init__(self, name: str, total: int, stream: TextIO | None = None) -> None:
        self.name, self.total, self.done = name, total, 0
        self.stream = stream or sys.stderr
        self.terminal = self.stream.isatty()
        self.start = self.shown = time.monotonic()

    def step(self) -> None:
        """One more image is done."""
        self.done += 1
        now = time.monotonic()
        if now - self.shown >= (0.2 if self.terminal else PAUSE):
            self.shown = now
            self._show(now)

    def close(self) -> None:
        """Show the last state."""
        if self.total:
            self._show(time.monotonic())
        if self.terminal:
            print(file=self.stream)

    def _show(self, now: float) -> None:
        rate = self.done / max(now - self.start, 1e-6)
        line = f'{self.name}: {self.done} of {self.total} images, {rate:.1f} images/s'
        left = (self.total - self.done) / rate if rate else 0
        line += f', {left:.0f} s left' if left else ''
        if self.terminal:
            print(f'\r{line:<78}', end='', file=self.stream, flush=True)
        else:
            print(line, file=self.stream, flush=True)
