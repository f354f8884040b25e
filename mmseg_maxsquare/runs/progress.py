"""Progress with the remaining time: a bar on a terminal, otherwise one line per minute."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

PAUSE = 60.0  # seconds between two lines without a terminal


def new_bars() -> Progress:
    """Progress bars on stderr, so that stdout holds only the output of the command.

    Use it as a context; without a terminal nothing is drawn.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn('<'),
        TimeRemainingColumn(),
        TextColumn('{task.fields[note]}'),
    )
    return Progress(
        *columns,
        console=console,
        disable=not console.is_terminal,
        redirect_stdout=sys.stdout.isatty(),
    )


def add_bar(bars: Progress, what: str, total: int, done: int = 0) -> TaskID:
    """Add a bar of which ``done`` steps are already done."""
    return bars.add_task(what, total=total, completed=done, note='', shown=time.monotonic())


def advance_bar(bars: Progress, bar: TaskID, count: int = 1, note: str = '') -> None:
    """Advance a bar; without a terminal, print a line once a minute.

    Args:
        bars: From :func:`new_bars`.
        bar: From :func:`add_bar`.
        count: Steps. Defaults to 1.
        note: Text after the bar, such as the loss.
    """
    bars.update(bar, advance=count, note=note)
    task = next(task for task in bars.tasks if task.id == bar)
    now = time.monotonic()
    if bars.disable and now - task.fields['shown'] >= PAUSE:
        bars.update(bar, shown=now)
        print_line(bars, task)


def print_line(bars: Progress, task: Task) -> None:
    """The state of a bar as a line."""
    left = task.time_remaining
    time_left = f', {clock(left)} left' if left else ''
    note = f', {task.fields["note"]}' if task.fields['note'] else ''
    line = f'{task.description}: {task.completed:.0f} of {task.total:.0f}{time_left}{note}'
    bars.console.print(line, markup=False, highlight=False, soft_wrap=True)


def clock(seconds: float) -> str:
    """A duration in words, such as ``2 h 05 min`` or ``40 s``."""
    if seconds < 60:
        return f'{seconds:.0f} s'
    hours, minutes = divmod(round(seconds / 60), 60)
    return f'{hours} h {minutes:02d} min' if hours else f'{minutes} min'


@contextmanager
def progress(what: str, total: int, done: int = 0) -> Iterator[Callable[..., None]]:
    """Show one bar during a context.

    Args:
        what: Text before the bar.
        total: Number of steps.
        done: Steps that are already done. Defaults to 0.

    Yields:
        ``advance(count=1, note='')``, to be called after each step.
    """
    with new_bars() as bars:
        bar = add_bar(bars, what, total, done)
        yield lambda count=1, note='': advance_bar(bars, bar, count, note)
        if bars.disable and total:
            print_line(bars, bars.tasks[0])
