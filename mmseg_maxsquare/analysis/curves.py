"""Training curves of some runs: one panel for each quantity that any of them logged.

Reads mmengine's logs, also those of a run that was stopped and resumed.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from mmseg_maxsquare.runs.errors import fail

from .named_paths import named_paths
from .plots import COLOURS, DASHES, MARKERS, axes, check_out, save
from .run_logs import records

# Logged keys by quantity, in mmseg's names and in ours; several keys are summed.
QUANTITIES = {
    'total loss': r'loss',
    'source loss, final level': r'(source\.)?(decode\w*\.)?loss\w+',
    'source loss, low level': r'(source\.)?aux\w*\.loss\w*',
    'target loss (weighted)': r'target\.loss(?!_guidance$)\w*',
    'guidance loss (weighted)': r'target\.loss_guidance',
    'target confidence': r'target\.confidence',
    'target entropy (nats)': r'target\.entropy',
    'guided share of the target': r'target\.guided_share',
    'learning rate': r'lr',
    'mIoU (%)': r'mIoU',
    'accuracy (%)': r'aAcc',
}
FIELDS = ('run', 'quantity', 'step', 'value')
Curves = dict[str, dict[int, float]]  # value by quantity and step
FEW = 10  # up to this number of points, each gets a marker
WINDOWS = 30  # windows of the running mean in a run


def draw_curves(arguments: Iterable[str], out: Path) -> None:
    """Draw the curves as PNG, with the logged numbers as CSV beside it.

    Args:
        arguments: Runs as ``NAME=WORK_DIR``.
        out: PNG to write.
    """
    check_out(out)
    try:
        folders = named_paths(arguments)
        runs = {name: read_run(name, folder) for name, folder in folders.items()}
    except ValueError as error:
        fail(str(error))
    draw(runs, out)
    print(f'{out} and {out.with_suffix(".csv")}')


def read_run(name: str, work_dir: Path) -> Curves:
    """The logged curves of a run.

    Raises:
        ValueError: If there is no such folder, or no training was logged in it.
    """
    if not work_dir.is_dir():
        raise ValueError(f'{name}: no folder {work_dir}')
    curves = curves_of(records(work_dir))
    if not curves:
        raise ValueError(
            f'{name}: no training is logged in {work_dir} (in */vis_data/scalars.json); '
            'name the work dir of a training run'
        )
    return curves


def curves_of(lines: Iterable[dict]) -> Curves:
    """Values by quantity and step of logged records, oldest first.

    A resumed run logs the steps since its checkpoint again: the later values count.
    """
    curves: Curves = {}
    for line in lines:
        for quantity, key in QUANTITIES.items():
            values = [v for k, v in line.items() if re.fullmatch(key, k) and v is not None]
            # Accuracy is only plotted for classifiers, which have no IoU.
            if values and not (key == 'aAcc' and 'mIoU' in line):
                curves.setdefault(quantity, {})[line['step']] = sum(values)
    return curves


def smooth(values: np.ndarray, window: int) -> np.ndarray:
    """Running mean ``(N,)`` over ``window`` (odd) values around each; fewer at the ends."""
    weights = np.ones(window)
    counts = np.convolve(np.ones(len(values)), weights)
    reach = window // 2
    return (np.convolve(values, weights) / counts)[reach : reach + len(values)]


def draw(runs: dict[str, Curves], path: Path) -> None:
    """Write the curves as PNG, one panel for each quantity, and as CSV beside it.

    Curves with many points are drawn thin, with their running mean over 1/30 of the
    run on top. The CSV holds the logged values.

    Args:
        runs: From :func:`curves_of`, by name.
        path: Of the PNG.
    """
    shown = [q for q in QUANTITIES if any(q in curves for curves in runs.values())]
    columns = min(3, len(shown))
    panels = axes(-(-len(shown) // columns), columns, width=4.0, height=2.6)
    for unused in panels[len(shown) :]:
        unused.set_axis_off()
    styles = [style(number) for number in range(len(runs))]
    end = max(step for curves in runs.values() for points in curves.values() for step in points)
    for quantity, panel in zip(shown, panels, strict=False):
        panel.set_title(quantity, loc='left', fontsize=10)
        panel.set_xlabel('training step')
        panel.ticklabel_format(axis='y', scilimits=(-5, 5))
        panel.set_xlim(0, 1.02 * end)
        for curves, look in zip(runs.values(), styles, strict=True):
            if quantity in curves:
                _line(panel, curves[quantity], look)
    figure = panels[0].figure
    handles = [Line2D([], [], label=name, **s) for name, s in zip(runs, styles, strict=True)]
    columns = -(-len(runs) // -(-len(runs) // (2 * columns)))  # rows of about one length
    figure.legend(handles=handles, loc='outside upper center', ncols=columns, frameon=False)
    rows = (
        (name, quantity, step, value)
        for name, curves in runs.items()
        for quantity in shown
        for step, value in sorted(curves.get(quantity, {}).items())
    )
    save(figure, path, FIELDS, rows)


def style(number: int) -> dict:
    """Colour, dash and marker of a run, different for up to 49 runs."""
    turn = number + number // len(COLOURS)  # a repeated colour gets another dash
    return dict(
        color=COLOURS[number % len(COLOURS)],
        linestyle=DASHES[turn % len(DASHES)],
        marker=MARKERS[turn % len(MARKERS)],
        markersize=4,
        linewidth=1.5,
    )


def _line(panel: Axes, points: dict[int, float], look: dict) -> None:
    steps = np.array(sorted(points))
    values = np.array([points[step] for step in steps], dtype=float)
    if len(steps) > FEW:
        look = {**look, 'marker': None}
    window = len(steps) // WINDOWS // 2 * 2 + 1
    if window > 1:
        panel.plot(steps, values, color=look['color'], linewidth=0.5, alpha=0.4)
    panel.plot(steps, smooth(values, window), **look)
