"""Which classes gain at equal strength, and which loss is best: intervals over the seeds."""

import math
import statistics
from collections.abc import Sequence

from scipy.stats import rankdata, spearmanr

from .cells import head, line
from .intervals import Interval, over_seeds
from .results_file import CONTROLS, Results, cells_of

IOU = 'IoU.'
SOURCE, CONTROL = CONTROLS


def class_gains(results: Results, table: str, row: str, versus: str) -> dict[str, Interval]:
    """Difference of the IoU of every class between two rows, in points.

    Args:
        results: A results file.
        table: Name of the table of both rows.
        row: A row.
        versus: The row to compare with.
    """
    ours, others = _paired(results, table, [row, versus])
    return {
        name: over_seeds([ours[seed][name] - others[seed][name] for seed in ours])
        for name in _classes([ours, others])
    }


def difficulty_correlation(
    results: Results, table: str, row: str, versus: str = CONTROL, source: str = SOURCE
) -> Interval:
    """Spearman's correlation, over classes, of a class's gain with its difficulty.

    Difficult is a class with a low IoU in the row ``source``. That row is neither of the two
    whose difference is taken: noise of the same run in both would look like a correlation.

    Returns:
        In [-1, 1]; above 0 if difficult classes gain more.
    """
    ours, others, before = _paired(results, table, [row, versus, source])
    names = _classes([ours, others, before])
    found = []
    for seed in ours:
        gains = [ours[seed][name] - others[seed][name] for name in names]
        found.append(-float(spearmanr(gains, [before[seed][name] for name in names]).statistic))
    return over_seeds(found, scale=(-1, 1))


def mean_ranks(results: Results, table: str, rows: Sequence[str]) -> dict[str, Interval]:
    """Rank of each row among the rows, 1 for the highest IoU: a mean over the classes."""
    found = _paired(results, table, rows)
    names = _classes(found)
    ranks: list[list[float]] = [[] for _ in rows]
    for seed in found[0]:
        of_class = [rankdata([-run[seed][name] for run in found]) for name in names]
        for place, row_ranks in enumerate(ranks):
            row_ranks.append(statistics.fmean(float(each[place]) for each in of_class))
    scale = (1, len(rows))
    return {row: over_seeds(values, scale) for row, values in zip(rows, ranks, strict=True)}


def class_table(results: Results, table: str, rows: Sequence[str]) -> str:
    """Markdown: gains of the rows over the BN control by class, the most difficult class first.

    Args:
        results: A results file.
        table: Name of a table that holds the rows, the BN control and source only.
        rows: The rows to show.

    Returns:
        Empty if no seed has all of them.
    """
    (before,) = _paired(results, table, [SOURCE])
    if not _paired(results, table, [*rows, SOURCE, CONTROL])[0]:
        return ''
    gains = {row: class_gains(results, table, row, CONTROL) for row in rows}
    means = {
        name: statistics.fmean(run[name] for run in before.values()) for name in gains[rows[0]]
    }
    lines = head(['class (IoU, source only)', *rows])
    for name in sorted(means, key=means.__getitem__):
        lines.append(
            line([f'{name} ({means[name]:.0f})', *(str(gains[row][name]) for row in rows)])
        )
    ranks = mean_ranks(results, table, rows)
    lines.append(line(['mean rank', *(ranks[row].text(2) for row in rows)]))
    found = [difficulty_correlation(results, table, row) for row in rows]
    lines.append(
        line(['rank correlation of gain and difficulty', *(each.text(2, '+') for each in found)])
    )
    return '\n'.join(lines) + '\n'


def _paired(results: Results, table: str, rows: Sequence[str]) -> list[dict[int, dict[str, float]]]:
    """IoU by seed and class of every row, of the seeds that all rows have."""
    cells = [cells_of(results, table, row) for row in rows]
    seeds = sorted(set.intersection(*map(set, cells)))
    return [{seed: _ious(found[seed]['metrics']) for seed in seeds} for found in cells]


def _ious(metrics: dict[str, float]) -> dict[str, float]:
    return {key.removeprefix(IOU): v for key, v in metrics.items() if key.startswith(IOU)}


def _classes(rows: Sequence[dict[int, dict[str, float]]]) -> list[str]:
    """Classes that have an IoU in every run."""
    runs = [run for row in rows for run in row.values()]
    return [name for name in runs[0] if all(not math.isnan(run[name]) for run in runs)]
