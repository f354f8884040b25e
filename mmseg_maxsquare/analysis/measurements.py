"""Measurements beside the study of the evidence: speed, memory, ``adapt``, the demo."""

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import torch

from .cells import head, line
from .provenance import provenance


class Measurement(TypedDict):
    """What a benchmark measured.

    Attributes:
        name: By which pages refer to it.
        title: What was measured.
        command: The command line.
        about: Sizes, repeats and the like.
        date: Day, as YYYY-MM-DD.
        made_by: See :func:`~mmseg_maxsquare.analysis.provenance.provenance`.
        columns: Headings; the first column names the rows.
        rows: Text and numbers; None where there is none.
    """

    name: str
    title: str
    command: str
    about: str
    date: str
    made_by: dict
    columns: list[str]
    rows: list[list]


def write_measurement(
    path: Path,
    title: str,
    command: str,
    columns: Sequence[str],
    rows: Sequence[list],
    about: str = '',
    machine: str | None = None,
    commit: str | None = None,
) -> Measurement:
    """Write a measurement of this process as JSON.

    Args:
        path: The file; its stem is the name of the measurement.
        title: See :class:`Measurement`, as for the others.
        command: The command line.
        columns: Headings.
        rows: Text and numbers.
        about: Sizes, repeats and the like.
        machine: Defaults to the accelerator, else the processor.
        commit: Defaults to that of the checkout when it was first asked for.
    """
    made_by = provenance(torch.get_num_threads())
    found = Measurement(
        name=path.stem,
        title=title,
        command=command,
        about=about,
        date=datetime.date.today().isoformat(),
        made_by={
            **made_by,
            'machine': machine or made_by['machine'],
            'commit': commit or made_by['commit'],
        },
        columns=list(columns),
        rows=[list(row) for row in rows],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding='utf-8')
    return found


def measured_table(found: Measurement, columns: Sequence[str] = ()) -> str:
    """Markdown: the rows.

    Args:
        found: The measurement.
        columns: Those to show, in this order. Defaults to all of them, with
            :func:`caption` below.

    Raises:
        ValueError: If there is no such column.
    """
    places = [_place(found, column) for column in columns or found['columns']]
    lines = head([found['columns'][place] for place in places])
    lines += [line([shown(row[place]) for place in places]) for row in found['rows']]
    return '\n'.join(lines if columns else [*lines, '', caption(found)]) + '\n'


def caption(found: Measurement) -> str:
    """Command, machine and commit of a measurement, in one line of Markdown."""
    by = found['made_by']
    threads = f'{by["threads"]} thread{"s" * (by["threads"] != 1)}'
    parts = [found['about'], by['machine'], threads, f'PyTorch {by["torch"]}', found['date']]
    where = ', '.join(part for part in parts if part)
    commit, _, changes = (by['commit'] or 'unknown').partition('+')
    return f'`{found["command"]}`; {where}, commit {commit[:7]}{changes and " with changes"}.'


def measured_value(found: Measurement, row: str, column: str) -> str:
    """A cell as text.

    Raises:
        ValueError: If there is no such row or column.
    """
    place = _place(found, column)
    cells = next((cells for cells in found['rows'] if cells[0] == row), None)
    if cells is None:
        rows = [cells[0] for cells in found['rows']]
        raise ValueError(f'{found["name"]}: no row {row!r}; the rows: {rows}')
    return shown(cells[place])


def shown(value: str | float | None) -> str:
    """Text as it is; numbers with three significant digits, two below 1, whole from 100 on."""
    if value is None or isinstance(value, str):
        return value or ''
    if isinstance(value, int) or abs(value) >= 99.95:
        return f'{value:.0f}'
    if abs(value) >= 0.995:
        return f'{value:.1f}' if abs(value) >= 9.995 else f'{value:.2f}'
    return f'{value:#.2g}'


def _place(found: Measurement, column: str) -> int:
    if column not in found['columns']:
        raise ValueError(f'{found["name"]}: no column {column!r}; the columns: {found["columns"]}')
    return found['columns'].index(column)
