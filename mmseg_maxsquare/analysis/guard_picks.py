"""What the guard's label-free picks are worth, over all runs of a study."""

import statistics
from collections.abc import Sequence

from .cells import head, line, number
from .intervals import over_seeds
from .results_file import Results
from .rows import Table

POINT = 1.0  # from the source model: harm or gain, not noise
TITLES = (
    *('task', 'runs', 'last', 'pick', 'pick minus last'),
    *('harmed', 'averted', 'gained', 'forgone', 'worst pick minus source'),
)


def guard_table(tables: Sequence[Table], results: Results) -> str:
    """Markdown: the pick against the last checkpoint, and what it averts and forgoes; then of all.

    A run is *harmed* if its last checkpoint is more than one point below the source model; the
    pick *averts* that if it is not. It has *gained* if that is more than one point above the
    source model; the pick *forgoes* that if it is not. The interval is over the seeds, whose runs
    share a source model.

    Args:
        tables: Tables to show; a run that several of them share counts in the first. Those of
            which the guard only saw such runs, even if again on another machine type, are left out.
        results: A results file.

    Returns:
        Empty if no run has a guard.
    """
    scores = {table.name: table.score for table in tables}
    lines, every, seen, places = [], list[dict](), set[tuple](), set[tuple]()
    for table in tables:
        slugs = {(row.name, row.column): row.run.slug for row in table.rows}
        cells = [cell for cell in own_cells(table, results, seen) if cell['guard']]
        new = {(slugs[cell['row'], cell['column']], cell['seed']) for cell in cells} - places
        places |= new
        if new:
            lines.append(line([table.title, *_numbers(cells, scores)]))
            every += cells
    if len(lines) > 1:
        lines.append(line(['all', *_numbers(every, scores)]))
    return '\n'.join([*head(TITLES), *lines, '']) if lines else ''


def own_cells(table: Table, results: Results, seen: set[tuple]) -> list[dict]:
    """Cells of a table whose runs are not in ``seen``, to which they are added.

    Tables whose seeds ran on other machine types do not share runs, so the scores count, too.
    """
    runs = {(row.name, row.column): row.run.slug for row in table.rows}
    found = []
    for cell in results['cells']:
        if cell['table'] != table.name:
            continue
        run = runs[cell['row'], cell['column']], cell['seed'], *cell['metrics'].items()
        if run not in seen:
            found.append(cell)
            seen.add(run)
    return found


def _numbers(cells: Sequence[dict], scores: dict[str, str]) -> list[str]:
    """The cells of a line behind its title; means over the seeds of the means of their runs."""
    gains, harmed, gained, by_seed = [], [], [], dict[int, list[tuple[float, float]]]()
    for cell in cells:
        end = cell['metrics'][scores[cell['table']]]
        pick, source = cell['guard']['score'], cell['curve']['0']
        by_seed.setdefault(cell['seed'], []).append((end, pick))
        gains.append(pick - source)
        if end < source - POINT:
            harmed.append(pick - source)
        if end > source + POINT:
            gained.append(pick - source)
    means = [tuple(map(statistics.fmean, zip(*runs, strict=True))) for runs in by_seed.values()]
    ends, picks = zip(*means, strict=True)
    return [
        str(len(cells)),
        number(statistics.fmean(ends)),
        number(statistics.fmean(picks)),
        str(over_seeds([pick - end for end, pick in means])),
        str(len(harmed)),
        str(sum(gain >= -POINT for gain in harmed)),
        str(len(gained)),
        str(sum(gain <= POINT for gain in gained)),
        number(min(gains), '+'),
    ]
