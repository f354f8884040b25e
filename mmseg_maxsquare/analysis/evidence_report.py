"""Tables and figures of the study of the evidence, from its results file."""

import math
import re
import statistics
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from .cells import head, line, spread
from .class_gains import class_table
from .guard_picks import guard_table
from .intervals import Interval
from .plots import COLOURS, DASHES, MARKERS, axes, save
from .results_file import (
    CONTROLS,
    Results,
    cells_of,
    collect_results,
    interval_of,
    pairs_of,
    write_results,
)
from .rows import Table
from .tables import load_table, spec_names

PREFIX, DIGITS = 'evidence_', 'digits'
LOSS_AT = re.compile(r'(.+), (s0/3|s0|3 s0)$')  # rows at equal strength


def write_evidence(tables: Sequence[Table], seeds: Sequence[int], out: Path) -> str:
    """Write ``results.json``, ``evidence.md`` and the figures of all parts of the study.

    Args:
        tables: Of the part that has just been run; all shipped parts are reported, too.
        seeds: Of that part; other seeds that are finished are reported, too.
        out: Folder of all runs.

    Returns:
        The Markdown.
    """
    names = [name for name in spec_names('table') if name.startswith(PREFIX) or name == DIGITS]
    every = list({t.name: t for t in [*map(load_table, names), *tables]}.values())
    folders = [path.name.removeprefix('seed') for path in out.glob('seed*')]
    found = sorted({*seeds, *(int(name) for name in folders if name.isdigit())})
    results = collect_results(every, found, out)
    write_results(results, out / 'results.json')
    shown = [table for table in every if any(c['table'] == table.name for c in results['cells'])]
    parts = [f'### {table.title}\n\n{table_text(table, results)}' for table in shown]
    if picks := guard_table(shown, results):
        parts.append(f"### The guard's picks\n\n{picks}")
    text = '\n'.join(parts)
    (out / 'evidence.md').write_text(text, encoding='utf-8')
    draw_differences(shown, results, out / 'differences.png')
    draw_curves(shown, results, out / 'curves.png')
    return text


def table_text(table: Table, results: Results) -> str:
    """Markdown: the table, and at equal strength those of the classes."""
    texts = [result_table(table, results), *class_tables(table, results)]
    return '\n'.join(texts)


def result_table(table: Table, results: Results) -> str:
    """Markdown: last checkpoint and guard's pick, then the differences with both intervals.

    Args:
        table: Its rows.
        results: From :func:`~mmseg_maxsquare.analysis.results_file.collect_results`.
    """
    matched = any(LOSS_AT.match(row.name) for row in table.rows)
    strengths = ['weight', 'strength at the start', 'at the end'] if matched else []
    lines = head(['row', 'seeds', 'last', *(strengths or ["guard's pick"])])
    for name, column in _places(table):
        runs = list(cells_of(results, table.name, name, column).values())
        if runs:
            last = [run['metrics'][table.score] for run in runs]
            picked = [run['guard']['score'] for run in runs if run['guard']]
            others = _strengths(runs) if matched else [spread(picked)]
            lines.append(line([_label(name, column), str(len(last)), spread(last), *others]))
    lines += ['', *head(['row', 'minus', 'over seeds', 'over images'])]
    for name, versus, column in pairs_of(table):
        seeds, images = intervals(results, table.name, name, versus, column)
        if seeds is not None:
            lines.append(line([_label(name, column), versus, str(seeds), str(images or '-')]))
    return '\n'.join(lines) + '\n'


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
        return ['-'] * 3
    start = statistics.fmean(s['reference'] * s['factor'] for s in found)
    ends = (statistics.fmean(s[key] for s in found) for key in ('weight', 'at_end'))
    weight, end = (f'{value:.3g}' for value in ends)
    return [weight, f'{start:.3g}', end]


def intervals(
    results: Results, table: str, row: str, versus: str, column: str = ''
) -> tuple[Interval | None, Interval | None]:
    """The difference of two rows over seeds and over images; None where there is none."""
    for entry in results['comparisons']:
        names = (entry['table'], entry['row'], entry['versus'], entry['column'])
        if names == (table, row, versus, column):
            return interval_of(entry['over_seeds']), interval_of(entry['over_images'])
    return None, None


def draw_differences(tables: Sequence[Table], results: Results, path: Path) -> None:
    """Differences to the BN control, and to the weaker loss, with their intervals."""
    panels, lines = _panels(tables), []
    for panel, table in zip(panels, tables, strict=False):
        pairs = [
            (
                _label(name, column) + ('' if versus in CONTROLS else f' minus {versus}'),
                versus,
                intervals(results, table.name, name, versus, column),
            )
            for name, versus, column in pairs_of(table)
            if versus != CONTROLS[0]
        ]
        pairs = [pair for pair in pairs if pair[2][0] is not None]
        for place, (label, versus, found) in enumerate(pairs):
            for kind, interval, shift, colour, marker in zip(
                ('seeds', 'images'), found, (0.12, -0.12), COLOURS[1:3], MARKERS[:2], strict=True
            ):
                if interval is None:
                    continue
                ends = [[interval.mean - interval.low], [interval.high - interval.mean]]
                style = dict(color=colour, fmt=marker, capsize=3)
                first = f'95 % over {kind}' if place == 0 else None
                panel.errorbar(interval.mean, place + shift, xerr=ends, label=first, **style)
                numbers = [interval.mean, interval.low, interval.high]
                lines.append([table.name, label, versus, kind, *numbers])
        panel.axvline(0, color='black', linewidth=0.8)
        panel.set_yticks(range(len(pairs)), [pair[0] for pair in pairs])
        panel.set_ylim(-0.5, max(0.5, len(pairs) - 0.5))
        _finish(panel, table, f'{table.score} minus {CONTROLS[1]} (or the row named)')
    save(panels[0].figure, path, ('table', 'row', 'minus', 'over', 'mean', 'low', 'high'), lines)


def draw_curves(tables: Sequence[Table], results: Results, path: Path) -> None:
    """Mean score over the seeds by step."""
    panels, lines = _panels(tables), []
    for panel, table in zip(panels, tables, strict=False):
        for i, (name, column) in enumerate(_places(table)):
            cells = cells_of(results, table.name, name, column).values()
            curves = [cell['curve'] for cell in cells if len(cell['curve']) > 1]
            if not curves:
                continue
            steps = sorted(set.intersection(*map(set, curves)), key=int)
            means = [statistics.fmean(curve[step] for curve in curves) for step in steps]
            # Colours and dashes repeat after different numbers of rows.
            dashes = DASHES[(i + i // len(COLOURS)) % len(DASHES)]
            style = dict(color=COLOURS[i % len(COLOURS)], linestyle=dashes)
            panel.plot([int(step) for step in steps], means, label=_label(name, column), **style)
            lines += [
                [table.name, _label(name, column), step, mean]
                for step, mean in zip(steps, means, strict=True)
            ]
        panel.set_ylabel(f'{table.score} on the target in %')
        _finish(panel, table, 'step')
    save(panels[0].figure, path, ('table', 'row', 'step', 'mean'), lines)


def _panels(tables: Sequence[Table]) -> list[Axes]:
    """Two panels in a row; those that are left over are blank."""
    count = max(1, len(tables))
    panels = axes(math.ceil(count / 2), min(2, count), width=7, height=3.6)
    for panel in panels[count:]:
        panel.set_axis_off()
    return panels


def _finish(panel: Axes, table: Table, below: str) -> None:
    """Title, label and a legend beside the panel."""
    panel.set_title(table.title, fontsize=9)
    panel.set_xlabel(below)
    if panel.get_legend_handles_labels()[1]:
        panel.legend(fontsize=7, loc='center left', bbox_to_anchor=(1, 0.5))


def _places(table: Table) -> list[tuple[str, str]]:
    """Name and column of the rows."""
    return list(dict.fromkeys((row.name, row.column) for row in table.rows))


def _label(name: str, column: str) -> str:
    return f'{name}, {column}' if column else name
