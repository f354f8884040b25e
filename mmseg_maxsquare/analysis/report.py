"""A table of results as Markdown and as CSV, with the paper's numbers beside ours."""

import csv
import io
import statistics
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .cells import (
    Results,
    difference,
    head,
    line,
    mean_of,
    number,
    printed,
    quoted,
    spread,
    values_of,
    versus,
)
from .rows import Row, Table

CSV_FIELDS = (
    'table', 'row', 'column', 'ours_mean', 'ours_std', 'seeds', 'paper', 'difference', 'checkpoint'
)  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """What a table shows; see :func:`markdown_table`."""

    table: Table
    results: Results
    oracle: Results
    absent: dict[str, list[str]]

    @property
    def has_other_checkpoints(self) -> bool:
        """Whether a best checkpoint is not the last one."""
        return any(self.results.get(name) != runs for name, runs in self.oracle.items())


def markdown_table(
    table: Table,
    results: Results,
    oracle: Results | None = None,
    absent: dict[str, list[str]] | None = None,
) -> str:
    """The table in the paper's layout.

    A row that is also in the paper takes up to four lines: ours (mean ± standard
    deviation, n - 1, over the seeds), ours of the best checkpoints, the paper's, and
    the difference of the first to it. Rows that only the paper has are shown, too;
    rows of a grid form a strip. Notes on protocols stand below.

    Args:
        table: The table.
        results: Metrics of the finished runs; rows may be missing.
        oracle: The same of the checkpoints that are best on the target labels.
        absent: For rows that could not run: the files that were not there.

    Returns:
        Markdown, values in percent.
    """
    shown = Shown(table, results, oracle or {}, absent or {})
    blocks = []
    plain = [row for row in table.rows if not row.group]
    if plain:
        blocks.append(_paper_block(shown) if table.paper else _own_block(shown))
    for group in dict.fromkeys(row.group for row in table.rows if row.group):
        strip = [row for row in table.rows if row.group == group]
        blocks.append(_strip_block(table, results, strip))
    notes = [f'- {_letter(i)}: {note}' for i, note in enumerate(_notes(table))]
    blocks += ['\n'.join(notes) + '\n'] if notes else []
    return '\n'.join(blocks)


def csv_table(table: Table, results: Results, checkpoint: str) -> str:
    """The same as CSV, one line for each row and column; empty where a number is missing.

    Args:
        table: The table.
        results: Metrics of the finished runs.
        checkpoint: ``last``, or ``oracle`` if it was chosen by target labels.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator='\n')
    writer.writerow(CSV_FIELDS)
    names = dict.fromkeys([row['name'] for row in table.paper] + [r.name for r in table.rows])
    for name in names:
        for metric in [*table.means, *(f'IoU.{c}' for c in classes_of(table, results))]:
            ours, paper = values_of(results, name, metric), printed(table, name, metric)
            mean = statistics.fmean(ours) if ours else None
            std = statistics.stdev(ours) if len(ours) > 1 else None
            gap = None if mean is None or paper is None else mean - paper
            cells = [mean, std, len(ours), paper, gap]
            if ours or paper is not None:
                texts = [f'{v:.4f}' if isinstance(v, float) else v for v in cells]
                writer.writerow([table.name, name, metric, *texts, checkpoint])
    return stream.getvalue()


def classes_of(table: Table, results: Results) -> list[str]:
    """Classes that the table shows."""
    if table.classes is not None:
        return table.classes
    metrics = next((m for runs in results.values() for m in runs.values()), {})
    return [key.removeprefix('IoU.') for key in metrics if key.startswith('IoU.')]


def _own_block(shown: Shown) -> str:
    """Rows of a table that is not in the paper, one line each."""
    table, results = shown.table, shown.results
    classes = [f'IoU.{c}' for c in classes_of(table, results)]
    means = list(table.means)
    best = means if shown.has_other_checkpoints else []
    titles = ['method', *table.means.values(), *(f'{table.means[m]} (oracle)' for m in best)]
    titles += [f'vs {name}' for name in table.references]
    lines = head([*titles, *(metric.removeprefix('IoU.') for metric in classes)])
    for name, row in {row.name: row for row in table.rows if not row.group}.items():
        cells = [spread(values_of(results, name, m)) for m in means]
        if name in shown.absent and name not in results:
            cells[0] = _not_run(shown.absent[name])
        cells += [spread(values_of(shown.oracle, name, m)) for m in best]
        cells += [versus(results, name, other, means[0]) for other in table.references]
        lines.append(
            line([row.heading or name, *cells, *(mean_of(results, name, m) for m in classes)])
        )
    return '\n'.join(lines) + '\n'


def _paper_block(shown: Shown) -> str:
    """Rows of a table of the paper, several lines each."""
    table = shown.table
    metrics = [*(f'IoU.{c}' for c in classes_of(table, shown.results)), *table.means]
    labels = _labels(table)
    headings = [table.means.get(metric, metric.removeprefix('IoU.')) for metric in metrics]
    lines = head([*labels, 'method', 'numbers', 'seeds', *headings])
    in_strips = {row.name for row in table.rows if row.group}
    ours = {row.name: row for row in table.rows if not row.group}
    paper = {row['name']: row for row in table.paper}
    for name in dict.fromkeys([*paper, *ours]):
        if name in in_strips:
            continue
        about = paper.get(name, {}).get('labels', {})
        heading = ours[name].heading if name in ours else ''
        notes = paper.get(name, {}).get('notes', [])
        marks = sorted(_letter(_notes(table).index(note)) for note in notes)
        method = (heading or about.get('Method', name)) + f' ({", ".join(marks)})' * bool(marks)
        front = [*(about.get(label, '') for label in labels), method]
        lines += [line([*front, *cells]) for cells in _lines_of(shown, name, metrics, name in ours)]
    return '\n'.join(lines) + '\n'


def _lines_of(shown: Shown, name: str, metrics: list[str], ours: bool) -> Iterator[list[str]]:
    """What numbers these are, seeds, and the numbers: ours, the paper's, the difference."""
    table, results = shown.table, shown.results
    for numbers, kind in (('ours', results), ('oracle', shown.oracle)):
        runs = kind.get(name, {})
        if not ours or (numbers == 'oracle' and not runs):
            continue
        if name in shown.absent and not runs:
            numbers = _not_run(shown.absent[name])
        cells = [
            spread(values_of(kind, name, m)) if m in table.means else mean_of(kind, name, m)
            for m in metrics
        ]
        yield [numbers, str(len(runs)), *cells]
    if any(row['name'] == name for row in table.paper):
        yield ['paper', '', *(quoted(table, name, m) for m in metrics)]
        if ours:
            yield ['difference', '', *(difference(table, results, name, m) for m in metrics)]


def _labels(table: Table) -> list[str]:
    """Headings of the paper's columns in front of the method."""
    labels = dict.fromkeys(key for row in table.paper for key in row['labels'])
    return [label for label in labels if label != 'Method']


def _notes(table: Table) -> list[str]:
    """Notes on the protocols of the paper's rows, each once."""
    return list(dict.fromkeys(note for row in table.paper for note in row.get('notes', [])))


def _letter(index: int) -> str:
    return string.ascii_lowercase[index]


def _not_run(files: list[str]) -> str:
    return f'not run: {", ".join(files)}'


def _strip_block(table: Table, results: Results, strip: list[Row]) -> str:
    """The rows of a grid as columns, main metric only."""
    metric = next(iter(table.means))
    titles = [strip[0].group, *(row.setting for row in strip)]
    lines = head(titles)

    def add(title: str, cell: Callable[[str], str]) -> None:
        lines.append(line([title, *(cell(row.name) for row in strip)]))

    add('ours', lambda name: spread(values_of(results, name, metric)))
    add('seeds', lambda name: str(len(results.get(name, {}))))
    if any(printed(table, row.name, metric) is not None for row in strip):
        add('paper', lambda name: number(printed(table, name, metric)))
        add('difference', lambda name: difference(table, results, name, metric))
    return '\n'.join(lines) + '\n'
