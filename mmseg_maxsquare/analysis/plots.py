"""Shared by all figures: colours, axes, and a picture with its data beside it."""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

matplotlib.use('Agg')  # files only, no window

import matplotlib.pyplot as plt

from mmseg_maxsquare.runs.errors import fail

# The Okabe-Ito colours, then some of Paul Tol's: colour-blind readers can distinguish them.
COLOURS = (
    *('#999999', '#0072B2', '#E69F00', '#009E73', '#CC79A7', '#56B4E9', '#D55E00'),
    *('#000000', '#882255', '#999933', '#332288'),
)
# For print without colour: lines differ in their dashes, points in their shape.
DASHES = ('-', '--', '-.', ':', (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
MARKERS = ('o', 's', '^', 'D', 'v', 'P', 'X')
DPI = 150


def axes(rows: int = 1, columns: int = 1, width: float = 4.5, height: float = 3.2) -> list[Axes]:
    """Axes without upper and right spines, row by row; width and height in inches per axes."""
    size = (width * columns, height * rows)
    _, grid = plt.subplots(rows, columns, figsize=size, squeeze=False, layout='constrained')
    for panel in grid.flat:
        panel.spines[['top', 'right']].set_visible(False)
    return list(grid.flat)


def save(figure: Figure, path: Path, fields: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Write a figure as ``path`` (PNG) and its data as CSV beside it.

    Args:
        figure: The picture; it is closed afterwards.
        path: PNG to write; its folder is created.
        fields: Heading of the CSV.
        rows: Lines of the CSV; floats are written with six digits.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI)
    plt.close(figure)
    with path.with_suffix('.csv').open('w', newline='', encoding='utf-8') as stream:
        writer = csv.writer(stream, lineterminator='\n')
        writer.writerow(fields)
        for row in rows:
            writer.writerow([f'{cell:.6g}' if isinstance(cell, float) else cell for cell in row])


def check_out(path: Path) -> None:
    """Fail early if a picture cannot be written."""
    if path.suffix != '.png':
        fail(f'--out: {path} must end in .png')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f'--out: {error.filename}: {error.strerror}; name another file')
    for file in (path.parent, path, path.with_suffix('.csv')):
        if file.exists() and not os.access(file, os.W_OK):
            fail(f'--out: {file} cannot be written to; name another file')
