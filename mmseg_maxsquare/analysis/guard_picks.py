"""What the guard's label-free picks are worth, over all runs of a study."""

import statistics
from collections.abc import Sequence

from .cells import head, line, number
from .intervals import over_seeds
from .results_file import Results
from .rows import Table

WORSE = 1.0  # points below the source model: harm, not noise
TITLES = (
    *('task', 'runs', 'last', 'pick', 'pick minus last'),
    *('harmed', 'averted', 'worst pick minus source'),
)


def guard_table(tables: Sequence[Table], results: Results) -> str:
    """Markdown: the pick against the last checkpoint, and how often it prevented harm.

    A run is *harmed* if its last checkpoint is more than one point below the source model; the
    pick *averts* that if it is not. The interval is over the seeds, whose runs share a source
    model.

    Args:
        tables: Tables to show; a run that several of them share counts in the first.
        results: A results file.

    Returns:
        Empty if no run has a guard.
    """
    lines, seen = [], set[tuple[str, int]]()
    for table in tables:
        runs = {row.name: row.run.slug for row in table.rows}
        cells = [
            cell
            for cell in results['cells']
            if cell['table'] == table.name and cell['guard']
            if (runs[cell['row']], cell['seed']) not in seen
        ]
        seen |= {(runs[cell['row']], cell['seed']) for cell in cells}
        if cells:
            lines.append(line([table.title, *_numbers(cells, table.score)]))
    return '\n'.join([*head(TITLES), *lines, '']) if lines else ''


def _numbers(cells: Sequence[dict], score: str) -> list[str]:
    """The cells of a line behind its title."""
    last = [cell['metrics'][score] for cell in cells]
    picks = [cell['guard']['score'] for cell in cells]
    source = [cell['curve']['0'] for cell in cells]
    gains = [pick - before for pick, before in zip(picks, source, strict=True)]
    harmed = [g for g, end, s in zip(gains, last, source, strict=True) if end < s - WORSE]
    by_seed: dict[int, list[float]] = {}
    for cell, pick, end in zip(cells, picks, last, strict=True):
        by_seed.setdefault(cell['seed'], []).append(pick - end)
    return [
        str(len(cells)),
        number(statistics.fmean(last)),
        number(statistics.fmean(picks)),
        str(over_seeds([statistics.fmean(group) for group in by_seed.values()])),
        str(len(harmed)),
        str(sum(gain >= -WORSE for gain in harmed)),
        number(min(gains), '+'),
    ]
