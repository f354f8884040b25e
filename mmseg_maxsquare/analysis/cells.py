"""Cells and lines of a table of results: a metric of a row over the seeds, as text."""

import math
import statistics
from collections.abc import Sequence

from .rows import Table

Results = dict[str, dict[int, dict[str, float]]]  # metrics by row name and seed


def values_of(results: Results, name: str, metric: str) -> list[float]:
    """A metric over all seeds, without NaN (classes without an IoU)."""
    values = [metrics.get(metric, math.nan) for metrics in results.get(name, {}).values()]
    return [value for value in values if not math.isnan(value)]


def printed(table: Table, name: str, metric: str) -> float | None:
    """The paper's number; None if it has none."""
    row = next((row for row in table.paper if row['name'] == name), None)
    return None if row is None else row['values'].get(metric)


def quoted(table: Table, name: str, metric: str) -> str:
    """The paper's number, with ± if the paper gives it."""
    row = next(row for row in table.paper if row['name'] == name)
    text, deviation = number(printed(table, name, metric)), row.get('std', {}).get(metric)
    return text if deviation is None else f'{text} ± {deviation:.1f}'


def number(value: float | None, sign: str = '') -> str:
    """With one decimal; a dash if there is none."""
    return '-' if value is None else f'{value:{sign}.1f}'


def spread(values: list[float], sign: str = '') -> str:
    """Mean, with ± standard deviation when there are several values."""
    text = number(statistics.fmean(values) if values else None, sign)
    return f'{text} ± {statistics.stdev(values):.1f}' if len(values) > 1 else text


def mean_of(results: Results, name: str, metric: str) -> str:
    """Mean over the seeds."""
    values = values_of(results, name, metric)
    return number(statistics.fmean(values) if values else None)


def versus(results: Results, name: str, other: str, metric: str) -> str:
    """Difference to another row, paired by seed."""
    if name == other:
        return ''
    runs, others = results.get(name, {}), results.get(other, {})
    return spread([runs[s][metric] - others[s][metric] for s in runs if s in others], '+')


def difference(table: Table, results: Results, name: str, metric: str) -> str:
    """Our mean minus the paper's number."""
    values, paper = values_of(results, name, metric), printed(table, name, metric)
    if not values or paper is None:
        return number(None)
    return number(statistics.fmean(values) - paper, '+')


def head(titles: Sequence[str]) -> list[str]:
    """Both lines that begin a table in Markdown."""
    return [line(titles), '|---' * len(titles) + '|']


def filled_columns(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table in Markdown, without columns that hold nothing but dashes."""
    kept = [i for i in range(len(titles)) if any(row[i] != number(None) for row in rows)]
    return [*head([titles[i] for i in kept]), *(line([row[i] for i in kept]) for row in rows)]


def line(cells: Sequence[str]) -> str:
    """A line of a table in Markdown."""
    return '| ' + ' | '.join(cells) + ' |'
