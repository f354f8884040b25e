"""Figures of the study of the evidence, from its results file."""

import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes

from .intervals import Interval
from .plots import COLOURS, DASHES, MARKERS, axes, save
from .results_file import (
    ADDED_TO,
    CONTROLS,
    SQUARES,
    Results,
    cells_of,
    intervals,
    pairs_of,
    source_scores,
)
from .rows import Table

STRENGTH = 'strength'
PARTS = (STRENGTH, 'systems', 'digits')  # in the names of the tables; the others are the core
CORE = 'core'
KINDS = ('seeds', 'images')  # what an interval is over
SCORES = {'aAcc': 'accuracy'}  # other names of scores


def draw_figures(tables: Sequence[Table], results: Results, out: Path) -> None:
    """Write ``differences_PART.png``, ``forms_PART.png`` and ``curves_PART.png``, with data as CSV.

    Differences are to the BN control, those of the forms from loss to loss at equal strength.
    There are no curves for a part that is scored at the end only.

    Args:
        tables: Of all parts; those that hold nothing but the controls are left out.
        results: From :func:`~mmseg_maxsquare.analysis.results_file.collect_results`.
        out: Folder of the figures.
    """
    parts: dict[str, list[Table]] = {}
    for table in tables:
        if any(c['table'] == table.name and c['row'] not in CONTROLS for c in results['cells']):
            parts.setdefault(part_of(table), []).append(table)
    for part, own in parts.items():
        draw_differences(own, results, out / f'differences_{part}.png')
        if part == STRENGTH:
            draw_differences(own, results, out / f'forms_{part}.png', to_control=False)
        names = {table.name for table in own}
        if any(c['table'] in names and len(c['curve']) > 1 for c in results['cells']):
            draw_curves(own, results, out / f'curves_{part}.png')


def part_of(table: Table) -> str:
    """The part of the study to which a table belongs."""
    return next((part for part in PARTS if part in table.name), CORE)


def draw_differences(
    tables: Sequence[Table], results: Results, path: Path, to_control: bool = True
) -> None:
    """Differences to the BN control, or to the weaker loss, with their intervals."""
    lines: list[list] = []

    def draw(panel: Axes, table: Table) -> None:
        pairs = [
            (label(name, column, versus), versus, found)
            for name, versus, column in _drawn(table, to_control)
            if (found := intervals(results, table.name, name, versus, column))[0] is not None
        ]
        for place, (text, versus, found) in enumerate(pairs):
            for i, interval in enumerate(found):
                if interval is None:
                    continue
                ends = [[interval.mean - interval.low], [interval.high - interval.mean]]
                panel.errorbar(
                    interval.mean,
                    place + (-0.15, 0.15)[i],
                    xerr=ends,
                    color=COLOURS[1 + i],
                    fmt=MARKERS[i],
                    markersize=4,
                    capsize=2,
                    label=f'95 % over {KINDS[i]}',
                )
                numbers = [interval.mean, interval.low, interval.high]
                lines.append([table.name, text, versus, KINDS[i], *numbers])
        panel.axvline(0, color='black', linewidth=0.8)
        panel.set_yticks(range(len(pairs)), [pair[0] for pair in pairs])
        panel.set_ylim(max(0.5, len(pairs) - 0.5), -0.5)  # the first row on top
        score = SCORES.get(table.score, table.score)
        panel.set_xlabel(f'{score} minus BN control' if to_control else f'difference in {score}')
        panel.set_xlim(*_limits(pairs))

    height = 1.2 + 0.28 * max((len(_drawn(table, to_control)) for table in tables), default=1)
    panels = _panels(tables, draw, max(3.2, height))
    save(panels[0].figure, path, ('table', 'row', 'minus', 'over', 'mean', 'low', 'high'), lines)


def _limits(pairs: Sequence[tuple[str, str, tuple[Interval | None, ...]]]) -> tuple[float, float]:
    """Ends of the axis. A wide interval of "Source only" goes on outside: others stay readable."""
    inside, control = [0.0], [0.0]
    for text, _, found in pairs:
        for interval in filter(None, found):
            ends = [end for end in (interval.low, interval.high) if not math.isnan(end)]
            (control if text.startswith(CONTROLS[0]) else inside).extend(ends)
            inside.append(interval.mean)
    if max(control) - min(control) < 2 * (max(inside) - min(inside)):
        inside += control
    margin = 0.1 * (max(inside) - min(inside)) or 1
    return min(inside) - margin, max(inside) + margin


def _drawn(table: Table, to_control: bool) -> list[tuple[str, str, str]]:
    """Pairs of a figure, column by column."""
    left_out = (CONTROLS[0], SQUARES, *ADDED_TO.values())
    pairs = [pair for pair in pairs_of(table) if pair[1] not in left_out]
    return sorted(
        (pair for pair in pairs if (pair[1] == CONTROLS[1]) == to_control),
        key=lambda pair: pair[2],
    )


def draw_curves(tables: Sequence[Table], results: Results, path: Path) -> None:
    """Mean score by step, over the seeds that all rows have; a row looks the same in all panels.

    Without such a seed, every row is a mean over its own.
    """
    lines: list[list] = []
    styles = styles_of([label(*place) for table in tables for place in places(table)])

    def draw(panel: Axes, table: Table) -> None:
        sources = source_scores(results, table.name)
        curves = {
            label(*place): of_seeds
            for place in places(table)
            if (of_seeds := _curves(results, table, *place, sources))
        }
        seeds = set.intersection(*map(set, curves.values())) if curves else set()
        for text, of_seeds in curves.items():
            own = [of_seeds[seed] for seed in seeds or of_seeds]
            steps = sorted(set.intersection(*map(set, own)), key=int)
            means = [statistics.fmean(curve[step] for curve in own) for step in steps]
            panel.plot([int(step) for step in steps], means, label=text, **styles[text])
            for step, mean in zip(steps, means, strict=True):
                lines.append([table.name, text, step, mean])
        panel.set_xlabel('step')
        panel.set_ylabel(f'{table.score} on the target in %')

    panels = _panels(tables, draw)
    save(panels[0].figure, path, ('table', 'row', 'step', 'mean'), lines)


def _curves(
    results: Results, table: Table, row: str, column: str, sources: dict[int, float]
) -> dict[int, dict]:
    """Scores by step of a row's seeds, of runs that were scored more than once.

    They begin with the score of the source model, also those of runs that did not look at it.
    """
    return {
        seed: ({'0': sources[seed]} if seed in sources else {}) | cell['curve']
        for seed, cell in cells_of(results, table.name, row, column).items()
        if len(cell['curve']) > 1
    }


def styles_of(rows: Sequence[str]) -> dict[str, dict]:
    """Colour and dashes of rows; ``ROW, VARIANT`` has the colour of ROW and dashes of its own."""
    split = {row: row.partition(', ')[::2] for row in rows}
    names, variants = (list(dict.fromkeys(part)) for part in zip(*split.values(), strict=True))
    styles = {}
    for row, (name, variant) in split.items():
        turn, colour = divmod(names.index(name), len(COLOURS))
        dashes = variants.index(variant) + len(variants) * turn
        if len(variants) == 1:  # both differ from row to row
            dashes += colour
        styles[row] = dict(color=COLOURS[colour], linestyle=DASHES[dashes % len(DASHES)])
    return styles


def _panels(
    tables: Sequence[Table], draw: Callable[[Axes, Table], None], height: float = 3.2
) -> list[Axes]:
    """A panel for each table, side by side, and one legend below for all of them."""
    panels = axes(1, max(1, len(tables)), width=5, height=height)
    handles: dict[str, object] = {}
    for panel, table in zip(panels, tables, strict=False):
        draw(panel, table)
        panel.set_title(short_title(table), fontsize=9)
        shown, texts = panel.get_legend_handles_labels()
        handles = dict(zip(texts, shown, strict=True)) | handles
    if handles:
        columns = min(len(handles), 2 * len(panels))
        panels[0].figure.legend(
            handles.values(), handles, fontsize=8, loc='outside lower center', ncols=columns
        )
    return panels


def places(table: Table) -> list[tuple[str, str]]:
    """Name and column of the rows."""
    return list(dict.fromkeys((row.name, row.column) for row in table.rows))


def short_title(table: Table) -> str:
    """The title without the name of the study: the task."""
    return table.title.rpartition(': ')[2]


def label(name: str, column: str, versus: str = '') -> str:
    """A row in a table or figure, and what it is compared with unless that is a control."""
    text = f'{name}, {column}' if column else name
    return f'{text} minus {versus}' if versus and versus not in CONTROLS else text
