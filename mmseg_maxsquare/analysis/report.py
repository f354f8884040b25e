"""A table of results as Markdown and as CSV, with the paper's numbers beside ours."""

import csv
import io
import math
import statistics
from collections.abc import Callable

from .tables import Row, Table

Results = dict[str, dict[int, dict[str, float]]]  # metrics by row name and seed
CSV_FIELDS = (
    'table', 'row', 'column', 'ours_mean', 'ours_std', 'seeds', 'paper', 'difference', 'checkpoint'
)  # fmt: skip


def markdown_table(table: Table, results: Results) -> str:
    """The table in the paper's layout.

    A row that is also in the paper takes three lines: ours (mean ± standard
    deviation, n - 1, over the seeds), the paper's, their difference. Rows that
    only the paper has are shown, too; rows of a grid form a strip.

    Args:
        table: The table.
        results: Metrics of the finished runs; rows may be missing.

    Returns:
        Markdown, values in percent.
    """
    blocks = []
    plain = [row for row in table.rows if not row.group]
    if plain:
        blocks.append(_rows_block(table, results, {row.name for row in table.rows if row.group}))
    for group in dict.fromkeys(row.group for row in table.rows if row.group):
        strip = [row for row in table.rows if row.group == group]
        blocks.append(_strip_block(table, results, strip))
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
            ours, paper = _values(results, name, metric), _paper(table, name, metric)
            mean = statistics.fmean(ours) if ours else None
            std = statistics.stdev(ours) if len(ours) > 1 else None
            difference = None if mean is None or paper is None else mean - paper
            cells = [mean, std, len(ours), paper, difference]
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


def _rows_block(table: Table, results: Results, in_strips: set[str]) -> str:
    """Rows under one heading."""
    classes = [f'IoU.{c}' for c in classes_of(table, results)]
    labels = list(dict.fromkeys(key for row in table.paper for key in row['labels']))
    labels = [label for label in labels if label != 'Method']
    means = list(table.means)
    metrics = [*classes, *means] if table.paper else means
    heading = lambda metric: table.means.get(metric, metric.removeprefix('IoU.'))  # noqa: E731
    titles = [*labels, 'method', *['numbers', 'seeds'] * bool(table.paper), *map(heading, metrics)]
    if not table.paper:
        titles += [*(f'vs {name}' for name in table.references), *map(heading, classes)]
    lines = [_line(titles), '|---' * len(titles) + '|']
    paper = {row['name']: row for row in table.paper}
    ours = [row.name for row in table.rows if not row.group]
    for name in dict.fromkeys([*paper, *ours]):
        if name in in_strips:
            continue
        about = paper.get(name, {}).get('labels', {})
        head = [*(about.get(label, '') for label in labels), about.get('Method', name)]
        runs = results.get(name, {})
        if not table.paper:
            cells = [_spread(_values(results, name, m)) for m in metrics]
            cells += [_versus(results, name, other, means[0]) for other in table.references]
            lines.append(_line([*head, *cells, *(_mean(results, name, m) for m in classes)]))
            continue
        if name in ours:
            cells = [
                _spread(_values(results, name, m)) if m in means else _mean(results, name, m)
                for m in metrics
            ]
            lines.append(_line([*head, 'ours', str(len(runs)), *cells]))
        if name in paper:
            cells = [_quoted(table, name, m) for m in metrics]
            lines.append(_line([*head, 'paper', '', *cells]))
        if name in ours and name in paper:
            cells = [_difference(table, results, name, m) for m in metrics]
            lines.append(_line([*head, 'difference', '', *cells]))
    return '\n'.join(lines) + '\n'


def _strip_block(table: Table, results: Results, strip: list[Row]) -> str:
    """The rows of a grid as columns, main metric only."""
    metric = next(iter(table.means))
    titles = [strip[0].group, *(row.setting for row in strip)]
    lines = [_line(titles), '|---' * len(titles) + '|']

    def add(title: str, cell: Callable[[str], str]) -> None:
        lines.append(_line([title, *(cell(row.name) for row in strip)]))

    add('ours', lambda name: _spread(_values(results, name, metric)))
    add('seeds', lambda name: str(len(results.get(name, {}))))
    if any(_paper(table, row.name, metric) is not None for row in strip):
        add('paper', lambda name: _number(_paper(table, name, metric)))
        add('difference', lambda name: _difference(table, results, name, metric))
    return '\n'.join(lines) + '\n'


def _line(cells: list[str]) -> str:
    return '| ' + ' | '.join(cells) + ' |'


def _values(results: Results, name: str, metric: str) -> list[float]:
    """A metric over all seeds, without NaN (classes without an IoU)."""
    values = [metrics.get(metric, math.nan) for metrics in results.get(name, {}).values()]
    return [value for value in values if not math.isnan(value)]


def _paper(table: Table, name: str, metric: str) -> float | None:
    row = next((row for row in table.paper if row['name'] == name), None)
    return None if row is None else row['values'].get(metric)


def _quoted(table: Table, name: str, metric: str) -> str:
    """The paper's number, with ± if the paper gives it."""
    row = next(row for row in table.paper if row['name'] == name)
    text, spread = _number(_paper(table, name, metric)), row.get('std', {}).get(metric)
    return text if spread is None else f'{text} ± {spread:.1f}'


def _number(value: float | None, sign: str = '') -> str:
    return '-' if value is None else f'{value:{sign}.1f}'


def _spread(values: list[float], sign: str = '') -> str:
    """Mean, with ± standard deviation when there are several values."""
    text = _number(statistics.fmean(values) if values else None, sign)
    return f'{text} ± {statistics.stdev(values):.1f}' if len(values) > 1 else text


def _mean(results: Results, name: str, metric: str) -> str:
    values = _values(results, name, metric)
    return _number(statistics.fmean(values) if values else None)


def _versus(results: Results, name: str, other: str, metric: str) -> str:
    """Difference to another row, paired by seed."""
    if name == other:
        return ''
    runs, others = results.get(name, {}), results.get(other, {})
    return _spread([runs[s][metric] - others[s][metric] for s in runs if s in others], '+')


def _difference(table: Table, results: Results, name: str, metric: str) -> str:
    values, paper = _values(results, name, metric), _paper(table, name, metric)
    if not values or paper is None:
        return _number(None)
    return _number(statistics.fmean(values) - paper, '+')
