"""Rows of a table of results, and the runs that their numbers come from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Run:
    """One training run (or test), apart from its seed.

    Attributes:
        config: Config below ``configs/``.
        options: Overrides of the config, value by field.
        start: The run whose last checkpoint it starts from.
        train: False if it only evaluates that checkpoint, or those of the members.
        members: The runs whose last checkpoints predict together; then ``config`` is
            that of the first.
        weights: Weights of the members.
        mean: What the members average: ``'logits'`` or ``'probabilities'``.
    """

    config: str
    options: tuple[tuple[str, Any], ...] = ()
    start: 'Run | None' = None
    train: bool = True
    members: 'tuple[Run, ...]' = ()
    weights: tuple[float, ...] = ()
    mean: str = 'logits'

    @property
    def needs(self) -> 'tuple[Run, ...]':
        """The runs whose checkpoints it uses."""
        return self.members or (() if self.start is None else (self.start,))

    @property
    def slug(self) -> str:
        """Folder of the run, such as ``maxsquare/gta2cs+model.target_loss.alpha=0.1``."""
        if self.members:
            names = '+'.join(member.slug.replace('/', '_') for member in self.members)
            equal = len(set(self.weights)) == 1
            shares = '' if equal else '+weights=' + ','.join(f'{w:g}' for w in self.weights)
            return f'ensemble/{names}{shares}' + '+mean=probabilities' * (self.mean != 'logits')
        return '+'.join([self.config.removesuffix('.py'), *(f'{k}={v}' for k, v in self.options)])


@dataclass(frozen=True)
class Row:
    """A row of a table, or a cell of a row or of a strip of settings.

    Attributes:
        name: Its name, also the key of the paper's numbers.
        run: The run that its numbers come from.
        group: For rows of a grid: the name of the strip.
        setting: For rows of a grid: the heading of the cell.
        column: For rows whose columns are separate runs: the heading of this one.
        heading: What the table shows in place of the paper's name of the method.
    """

    name: str
    run: Run
    group: str = ''
    setting: str = ''
    column: str = ''
    heading: str = ''


@dataclass(frozen=True)
class Table:
    """A table of results.

    Attributes:
        name: Name of its file.
        title: Its heading.
        rows: The rows that we run.
        score: Main metric of a run.
        means: Heading of every mean, by metric name, or by column.
        classes: Classes to show, or None for all classes in the results.
        references: Rows to which differences are shown.
        pictures: Rows whose predictions are drawn.
        paper: The paper's rows: dicts with name, labels, values and notes.
    """

    name: str
    title: str
    rows: list[Row]
    score: str = 'mIoU'
    means: dict[str, str] = field(default_factory=lambda: dict(mIoU='mIoU'))
    classes: list[str] | None = None
    references: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    paper: list[dict] = field(default_factory=list)

    @property
    def runs(self) -> list[Run]:
        """All runs, each once, after those that it needs."""
        return runs_of(self.rows)


def runs_of(rows: Iterable[Row]) -> list[Run]:
    """All runs of some rows, each once, after those that it needs."""
    return list(dict.fromkeys(run for row in rows for run in with_needs(row.run)))


def with_needs(run: Run) -> list[Run]:
    """A run, after all that it needs."""
    return [*(part for need in run.needs for part in with_needs(need)), run]
