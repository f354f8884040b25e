"""Tables of the study of the evidence, from its results file."""

import re
import statistics
from collections.abc import Sequence
from pathlib import Path

from .cells import filled_columns, head, line, number, spread
from .class_gains import class_table
from .evidence_figures import CORE, draw_figures, label, part_of, places, short_title
from .guard_picks import guard_table, own_cells
from .intervals import over_seeds
from .results_file import (
    CONFIRMATORY,
    CONTROLS,
    Results,
    cells_of,
    collect_results,
    comparison,
    interval_of,
    intervals,
    pairs_of,
    source_scores,
    write_results,
)
from .rows import Table
from .specs import read_spec, spec_file, spec_names
from .tables import load_table

PREFIX, DIGITS = 'evidence_', 'digits'
LOSS_AT = re.compile(r'(.+), (s0/3|s0|3 s0)$')  # rows at equal strength


def write_evidence(tables: Sequence[Table], seeds: Sequence[int], out: Path) -> str:
    """Write ``results.json``, ``evidence.md`` and the figures of all parts of the study.

    Args:
        tables: Of the part that has just been run; all shipped parts are reported, too.
        seeds: Of that part; all that are finished of a table's own study are reported, too.
        out: Folder of all runs.

    Returns:
        The Markdown.
    """
    names = [name for name in spec_names('table') if name.startswith(PREFIX) or name == DIGITS]
    every = list({t.name: t for t in [*map(load_table, names), *tables]}.values())
    results: Results = dict(cells=[], comparisons=[])
    for table in every:
        own = seeds if table.name in {t.name for t in tables} else ()
        part = collect_results(table, sorted({*own, *planned_seeds(table)}), out)
        results = {key: entries + part[key] for key, entries in results.items()}
    write_results(results, out / 'results.json')
    shown = [table for table in every if any(c['table'] == table.name for c in results['cells'])]
    parts = [f'### {table.title}\n\n{table_text(table, results)}' for table in shown]
    if picks := guard_table(shown, results):
        parts.append(f"### The guard's picks\n\n{picks}")
    text = '\n'.join(parts)
    (out / 'evidence.md').write_text(text, encoding='utf-8')
    draw_figures(shown, results, out)
    return text


def planned_seeds(table: Table) -> list[int]:
    """Seeds of a table in the shipped studies of the evidence; none if it is in none of them."""
    specs = [read_spec(spec_file('study', [name])) for name in spec_names('study')]
    found = [s for s in specs if s.get('report') == 'evidence' and table.name in s['tables']]
    return found[0]['seeds'] if found else []


def summary(tables: Sequence[Table], results: Results) -> str:
    """Markdown: a row for each method, a column for each task.

    A cell is the mean of the last checkpoints, and the difference to the BN control with its
    interval over the seeds. The first row is the source model from which all others start.

    Args:
        tables: One for each task, with the same rows.
        results: A results file.
    """
    lines = head(['row', *(short_title(table) for table in tables)])
    lines.append(line(['Source model', *(_source_model(table, results) for table in tables)]))
    for name, column in places(tables[0]):
        cells = []
        for table in tables:
            runs = cells_of(results, table.name, name, column).values()
            score = spread([run['metrics'][table.score] for run in runs])
            gain, _ = intervals(results, table.name, name, CONTROLS[1], column)
            cells.append(score if gain is None else f'{score}: {gain}')
        lines.append(line([label(name, column), *cells]))
    return '\n'.join(lines) + '\n'


def _source_model(table: Table, results: Results) -> str:
    """Score of the source models, and their difference to the BN control."""
    scores, control = source_scores(results, table.name), CONTROLS[1]
    found = cells_of(results, table.name, control)
    ends = {seed: c['metrics'][table.score] for seed, c in found.items()}
    gains = [score - ends[seed] for seed, score in scores.items() if seed in ends]
    text = spread(list(scores.values()))
    return f'{text}: {over_seeds(gains)}' if gains else text


def times_table(tables: Sequence[Table], results: Results) -> str:
    """Markdown: runs and time of every table; a run that several share counts in the first.

    Looks of the guard, scoring and the source models, which tables share, are not counted.

    Args:
        tables: Of all parts.
        results: A results file.
    """
    lines, seen = head(['table', 'runs', 'median minutes', 'core hours']), set[tuple]()
    for table in tables:
        own = own_cells(table, results, seen)
        times = [cell['seconds'] for cell in own if cell['seconds']]
        if times:
            middle, total = statistics.median(times) / 60, sum(times) / 3600
            lines.append(line([table.title, str(len(times)), f'{middle:.1f}', f'{total:.1f}']))
    return '\n'.join(lines) + '\n'


def table_text(table: Table, results: Results) -> str:
    """Markdown: the table, and at equal strength those of the classes."""
    texts = [result_table(table, results), *class_tables(table, results)]
    return '\n'.join(texts)


def result_table(table: Table, results: Results) -> str:
    """Markdown: last checkpoint and guard's pick, then the differences with both intervals.

    The comparison that was named before the runs is bold.

    Args:
        table: Its rows.
        results: From :func:`~mmseg_maxsquare.analysis.results_file.collect_results`.
    """
    matched = any(LOSS_AT.match(row.name) for row in table.rows)
    strengths = ['weight', 'strength at the start', 'at the end'] if matched else []
    rows = []
    for name, column in places(table):
        runs = list(cells_of(results, table.name, name, column).values())
        if runs:
            last = [run['metrics'][table.score] for run in runs]
            picked = [run['guard']['score'] for run in runs if run['guard']]
            others = _strengths(runs) if matched else [spread(picked)]
            rows.append([label(name, column), str(len(last)), spread(last), *others])
    lines = filled_columns(['row', 'seeds', 'last', *(strengths or ["guard's pick"])], rows)
    rows = []
    for name, versus, column in pairs_of(table):
        if found := comparison(results, table.name, name, versus, column):
            cells = [label(name, column), versus, *_both_intervals(found)]
            named = (name, versus) == CONFIRMATORY and part_of(table) == CORE
            rows.append([f'**{cell}**' for cell in cells] if named else cells)
    lines += ['', *filled_columns(['row', 'minus', 'over seeds', 'over images'], rows)]
    return '\n'.join(lines) + '\n'


def _both_intervals(found: dict) -> tuple[str, str]:
    """Over seeds and over images, with the seeds of the latter if they are others."""
    seeds, images = (interval_of(found[key]) for key in ('over_seeds', 'over_images'))
    own = found.get('image_seeds', found['seeds'])
    others = '' if own == found['seeds'] else f' (seeds {", ".join(map(str, own))})'
    return str(seeds), f'{images}{others}' if images else number(None)


def class_tables(table: Table, results: Results) -> list[str]:
    """Markdown: at each strength, the gain of every class with every loss."""
    groups: dict[str, list[str]] = {}
    for row in table.rows:
        if found := LOSS_AT.match(row.name):
            groups.setdefault(found[2], []).append(row.name)
    texts = [class_table(results, table.name, rows) for rows in groups.values()]
    return [text for text in texts if text]


def _strengths(runs: Sequence[dict]) -> list[str]:
    """Means over the seeds of the weight, and of the strength at the start and at the end."""
    found = [run['strength'] for run in runs if run['strength']]
    if not found:
        return [number(None)] * 3
    start = statistics.fmean(s['reference'] * s['factor'] for s in found)
    ends = (statistics.fmean(s[key] for s in found) for key in ('weight', 'at_end'))
    weight, end = (f'{value:.3g}' for value in ends)
    return [weight, f'{start:.3g}', end]
