"""Charts of the indicators: geometry for the SVG in the template, and the table below them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .report_indicators import MINUS, UNIT, Value, as_number, describe

SOURCE = 'source'
WIDTH, HEIGHT = 300.0, 150.0  # units of the SVG
LEFT, RIGHT, TOP, BOTTOM = 46.0, 286.0, 20.0, 122.0  # of the plot
LABEL_ROOM = 36.0  # between the middles of two labels of the x axis
EDGE = 60.0  # from there on, text at an edge of the plot is not centred

Row = Mapping[str, Value]


@dataclass(frozen=True)
class Point:
    """A candidate in a chart.

    Attributes:
        x: In units of the SVG.
        y: Likewise.
        kind: ``source``, ``statistics`` (no weight was changed) or ``step``.
        title: Name and value.
    """

    x: float
    y: float
    kind: str
    title: str


@dataclass(frozen=True)
class Chart:
    """An indicator over the candidates.

    Attributes:
        title: Of the indicator.
        about: What it is.
        direction: Which direction is good.
        before: Value of the source model as text.
        chosen: Value of the chosen model as text.
        points: Without missing values.
        lines: ``points`` of polylines; a missing value interrupts the line.
        ticks: Place and text on the y axis.
        labels: Place and text on the x axis.
        baseline: y of the source model.
        mark: Point of the chosen model.
        anchor: ``text-anchor`` of the text at the mark.
    """

    title: str
    about: str
    direction: str
    before: str
    chosen: str
    points: list[Point]
    lines: list[str]
    ticks: list[tuple[float, str]]
    labels: list[tuple[float, str]]
    baseline: float | None
    mark: Point | None
    anchor: str


@dataclass(frozen=True)
class Table:
    """All values: a line for each indicator, a column for each candidate."""

    columns: list[str]
    lines: list[tuple[str, list[str]]]


SKIPPED = ('name', 'step')


def keys_of(rows: Sequence[Row]) -> list[str]:
    """Indicators in the order in which they first appear."""
    return [key for key in dict.fromkeys(key for row in rows for key in row) if key not in SKIPPED]


def table_of(rows: Sequence[Row]) -> Table:
    """The values as text."""
    shown = [(key, describe(key)) for key in keys_of(rows)]
    lines = [(how.title, [how.text(row.get(key)) for row in rows]) for key, how in shown]
    return Table([str(row['name']) for row in rows], lines)


def charts_of(rows: Sequence[Row], chosen: str) -> list[Chart]:
    """A chart for each indicator.

    Args:
        rows: ``name``, ``step`` and values of each candidate, in their order.
        chosen: Name of the row that is marked.
    """
    return [_chart(key, rows, chosen) for key in keys_of(rows)]


def _chart(key: str, rows: Sequence[Row], chosen: str) -> Chart:
    how = describe(key)
    factor = 100 if how.percent else 1
    values = [factor * as_number(row.get(key)) for row in rows]
    xs = _places(len(rows))
    present = [value for value in values if not math.isnan(value)]
    ticks = nice_ticks(min(present), max(present)) if present else []
    low, high = (min(ticks), max(ticks)) if ticks else (0.0, 1.0)
    placed: list[Point | None] = []
    for row, value, x in zip(rows, values, xs, strict=True):
        y = BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP)
        title = f'{row["name"]}: {how.text(row.get(key))}'
        missing = math.isnan(value)
        placed.append(None if missing else Point(round(x, 1), round(y, 1), _kind(row), title))
    by_name = {str(row['name']): point for row, point in zip(rows, placed, strict=True)}
    texts = {str(row['name']): how.text(row.get(key)) for row in rows}
    source, mark = by_name.get(SOURCE), by_name.get(chosen)
    return Chart(
        title=how.title,
        about=how.about,
        direction=how.direction,
        before=texts.get(SOURCE, how.text(None)),
        chosen=texts.get(chosen, how.text(None)),
        points=[point for point in placed if point],
        lines=_lines(placed),
        ticks=[
            (round(BOTTOM - (tick - low) / (high - low) * (BOTTOM - TOP), 1), text)
            for tick, text in zip(ticks, _tick_texts(ticks, how.percent), strict=True)
        ],
        labels=_labels(rows, xs),
        baseline=source.y if source else None,
        mark=mark,
        anchor=_anchor(mark.x) if mark else 'middle',
    )


def nice_ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Two to ``most`` + 1 round numbers, evenly spaced, that enclose a range."""
    if high - low < 1e-9 * max(1.0, abs(low), abs(high)):
        room = max(abs(low) * 0.05, 0.01)
        low, high = low - room if low < 0 else max(0.0, low - room), high + room
    raw = (high - low) / (most - 1)
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def _tick_texts(ticks: list[float], percent: bool) -> list[str]:
    """Ticks with as many digits as their distance needs."""
    if not ticks:
        return []
    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))
    unit = UNIT if percent else ''
    return [f'{round(tick, digits) + 0.0:.{digits}f}{unit}'.replace('-', MINUS) for tick in ticks]


def _places(count: int) -> list[float]:
    """Evenly spaced from left to right; a single one in the middle."""
    inset = 10.0
    if count == 1:
        return [(LEFT + RIGHT) / 2]
    width = RIGHT - LEFT - 2 * inset
    return [LEFT + inset + width * number / (count - 1) for number in range(count)]


def kinds_of(rows: Sequence[Row]) -> set[str]:
    """Kinds of the points."""
    return {_kind(row) for row in rows}


def _kind(row: Row) -> str:
    if row['name'] == SOURCE:
        return SOURCE
    return 'step' if as_number(row.get('step')) > 0 else 'statistics'


def _lines(placed: list[Point | None]) -> list[str]:
    parts: list[list[str]] = [[]]
    for point in placed:
        if point is None:
            parts.append([])
        else:
            parts[-1].append(f'{point.x},{point.y}')
    return [' '.join(part) for part in parts if len(part) > 1]


def _labels(rows: Sequence[Row], xs: list[float]) -> list[tuple[float, str]]:
    """As many as there is room for."""
    labels: list[tuple[float, str]] = []
    for row, x in zip(rows, xs, strict=True):
        kind = _kind(row)
        text = SOURCE if kind == SOURCE else f'{as_number(row.get("step")):.0f}'
        if kind != 'statistics' and (not labels or x - labels[-1][0] >= LABEL_ROOM):
            labels.append((round(x, 1), text))
    return labels


def _anchor(x: float) -> str:
    return 'start' if x < LEFT + EDGE / 2 else 'end' if x > RIGHT - EDGE / 2 else 'middle'
