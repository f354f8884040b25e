"""Tables and figures of the study of the evidence, from its results file."""

import statistics
from collections.abc import Sequence
from pathlib import Path

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
SEEDS = range(20)  # those that may have been run


def write_evidence(tables: Sequence[Table], seeds: Sequence[int], out: Path) -> str:
    """Write ``results.json``, ``evidence.md`` and the figures of all parts of the study.

    Args:
        tables: Of the part that has just been run; all parts are reported.
        seeds: Of that part.
        out: Folder of all runs.

    Returns:
        The Markdown.
    """
    names = [name for name in spec_names('table') if name.startswith(PREFIX) or name == DIGITS]
    every = [load_table(name) for name in names]
    results = collect_results(every, SEEDS, out)
    write_results(results, out / 'results.json')
    shown = [table for table in every if any(c['table'] == table.name for c in results['cells'])]
    text = '\n'.join(f'### {table.title}\n\n{result_table(table, results)}' for table in shown)
    (out / 'evidence.md').write_text(text, encoding='utf-8')
    draw_differences(shown, results, out / 'differences.png')
    draw_curves(shown, results, out / 'curves.png')
    return text


def result_table(table: Table, results: Results) -> str:
    """Markdown: last checkpoint and guard's pick, then the differences with both intervals.

    Args:
        table: Its rows.
        results: From :func:`~mmseg_maxsquare.analysis.results_file.collect_results`.
    """
    lines = _head('row', 'seeds', 'last', "guard's pick")
    for name, column in _places(table):
        cells = cells_of(results, table.name, name, column).values()
        if cells:
            last = [cell['metrics'][table.score] for cell in cells]
            picked = [cell['guard']['score'] for cell in cells if cell['guard']]
            lines.append(_line(_label(name, column), len(last), _spread(last), _spread(picked)))
    lines += ['', *_head('row', 'minus', 'over seeds', 'over images')]
    for name, versus, column in pairs_of(table):
        seeds, images = intervals(results, table.name, name, versus, column)
        if seeds is not None:
            lines.append(_line(_label(name, column), versus, seeds, images or '-'))
    return '\n'.join(lines) + '\n'


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
    """Differences to the BN control, or at equal strength, with their intervals."""
    panels, lines = axes(1, max(1, len(tables)), height=3.6), []
    for panel, table in zip(panels, tables, strict=False):
        pairs = [pair for pair in pairs_of(table) if pair[1] != CONTROLS[0]]
        labels = [_label(name, column) for name, _, column in pairs]
        for place, (name, versus, column) in enumerate(pairs):
            found = intervals(results, table.name, name, versus, column)
            for kind, interval, shift, colour, marker in zip(
                ('seeds', 'images'), found, (0.12, -0.12), COLOURS[1:3], MARKERS[:2], strict=True
            ):
                if interval is None:
                    continue
                ends = [[interval.mean - interval.low], [interval.high - interval.mean]]
                panel.errorbar(
                    interval.mean, place + shift, xerr=ends, color=colour, fmt=marker, capsize=3
                )
                numbers = [interval.mean, interval.low, interval.high]
                lines.append([table.name, labels[place], versus, kind, *numbers])
        panel.axvline(0, color='black', linewidth=0.8)
        panel.set_yticks(range(len(pairs)), labels)
        panel.set_title(table.title, fontsize=9)
        what = 'BN control' if any(pair[1] in CONTROLS for pair in pairs) else 'the loss before it'
        panel.set_xlabel(f'{table.score} minus {what}; 95 % over seeds ●, images ■')
    save(panels[0].figure, path, ('table', 'row', 'minus', 'over', 'mean', 'low', 'high'), lines)


def draw_curves(tables: Sequence[Table], results: Results, path: Path) -> None:
    """Mean score over the seeds by step."""
    panels, lines = axes(1, max(1, len(tables)), height=3.6), []
    for panel, table in zip(panels, tables, strict=False):
        for i, (name, column) in enumerate(_places(table)):
            cells = cells_of(results, table.name, name, column).values()
            curves = [cell['curve'] for cell in cells]
            steps = sorted(set.intersection(*map(set, curves)), key=int) if curves else []
            means = [statistics.fmean(curve[step] for curve in curves) for step in steps]
            style = dict(color=COLOURS[i % len(COLOURS)], linestyle=DASHES[i % len(DASHES)])
            panel.plot([int(step) for step in steps], means, label=_label(name, column), **style)
            lines += [
                [table.name, _label(name, column), step, mean]
                for step, mean in zip(steps, means, strict=True)
            ]
        panel.set_title(table.title, fontsize=9)
        panel.set_xlabel('step')
        panel.set_ylabel(f'{table.score} on the target in %')
        panel.legend(fontsize=7)
    save(panels[0].figure, path, ('table', 'row', 'step', 'mean'), lines)


def _places(table: Table) -> list[tuple[str, str]]:
    """Name and column of the rows."""
    return list(dict.fromkeys((row.name, row.column) for row in table.rows))


def _label(name: str, column: str) -> str:
    return f'{name}, {column}' if column else name


def _spread(values: Sequence[float]) -> str:
    if not values:
        return '-'
    text = f'{statistics.fmean(values):.1f}'
    return f'{text} ± {statistics.stdev(values):.1f}' if len(values) > 1 else text


def _head(*titles: str) -> list[str]:
    return [_line(*titles), '|---' * len(titles) + '|']


def _line(*cells: object) -> str:
    return '| ' + ' | '.join(map(str, cells)) + ' |'
