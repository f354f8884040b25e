"""Figure 2: does the model segment those classes well that it predicts with confidence?

Mean prediction probability of every class against its IoU, on the test data of a config.
The mean of the predicted class's probability is taken over the pixels *predicted* as the
class.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox
from scipy.stats import pearsonr, spearmanr

from mmseg_maxsquare.runs.errors import fail

from .class_statistics import ClassStatistics, class_statistics
from .plots import COLOURS, axes, check_out, save
from .predictions import Predicted, predict

AXIS = 'mean probability of the pixels predicted as the class (%)'
HALO = [withStroke(linewidth=3, foreground='white')]  # names stay legible on top of the line
GAP = 2  # pixels between a name and its neighbours
# Positions of a name, in points from the dot of its class; the first free one is used.
DIRECTIONS = (
    (1, 0, 'left'), (-1, 0, 'right'), (0, 1, 'center'), (0, -1, 'center'),
    (0.7, 0.7, 'left'), (0.7, -0.7, 'left'), (-0.7, 0.7, 'right'), (-0.7, -0.7, 'right'),
)  # fmt: skip
PLACES = [(r * x, r * y, align) for r in (6, 10, 15, 21, 28, 36) for x, y, align in DIRECTIONS]


def figure2(what: Predicted, out: Path) -> None:
    """Draw Figure 2 as PNG, with its numbers as CSV beside it."""
    check_out(out)
    names, found = measure(what)
    shown = (found.labelled > 0) & (found.predicted > 0)
    title = write_scatter(out, names, AXIS, found.mean_confidence, found.iou, shown)
    print(f'{out}: {title}')


def measure(what: Predicted) -> tuple[list[str], ClassStatistics]:
    """Names of the classes and their statistics; fails if there are none."""
    names, samples = predict(what)
    try:
        return names, class_statistics(samples)
    except ValueError as error:
        fail(str(error))


def write_scatter(
    out: Path,
    names: list[str],
    axis: str,
    values: np.ndarray,
    iou: np.ndarray,
    shown: np.ndarray,
) -> str:
    """Plot a property of the classes against their IoU, with the correlations.

    Args:
        out: PNG to write.
        names: Of the classes.
        axis: Label of the axis of the values.
        values: One for each class.
        iou: In percent.
        shown: Which classes are in the picture; the others are printed, and have empty
            cells in the CSV.

    Returns:
        The correlations in words.
    """
    try:
        title = correlations(values[shown], iou[shown])
    except ValueError as error:
        fail(str(error))
    (panel,) = axes(width=5.2, height=4.2)
    panel.plot(values[shown], iou[shown], 'o', color=COLOURS[1], markersize=6)
    line = np.polyfit(values[shown], iou[shown], 1)
    ends = np.array([values[shown].min(), values[shown].max()])
    panel.plot(ends, np.polyval(line, ends), '--', color=COLOURS[0], linewidth=1, zorder=0)
    panel.set(xlabel=axis, ylabel='IoU (%)', ylim=(-8, 105))
    panel.margins(x=0.2)  # room for names
    panel.set_title(title, loc='left', fontsize=9)
    name_points(panel, np.array(names)[shown], values[shown], iou[shown])
    cells = [
        [name, *((float(value), float(score)) if show else ('', ''))]
        for name, value, score, show in zip(names, values, iou, shown, strict=True)
    ]
    save(panel.figure, out, ['class', axis, 'IoU (%)'], cells)
    if not shown.all():
        print('left out:', ', '.join(np.array(names)[~shown]))
    return title


def correlations(values: np.ndarray, iou: np.ndarray) -> str:
    """Pearson's and Spearman's coefficients in words.

    Raises:
        ValueError: If there are fewer than three classes, or all values are equal.
    """
    if len(values) < 3 or np.ptp(values) == 0 or np.ptp(iou) == 0:
        raise ValueError(
            f'no correlation over {len(values)} classes: it needs three or more that are both '
            'labelled and predicted, and that differ'
        )
    r, rho = pearsonr(values, iou)[0], spearmanr(values, iou)[0]
    return f'{len(values)} classes, Pearson {r:.2f}, Spearman {rho:.2f}'


def name_points(panel: Axes, names: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> None:
    """Place the name of every point where it covers no other point or name."""
    figure = panel.figure
    figure.canvas.draw()  # fixes the layout, and so the distances
    dots = panel.transData.transform(np.column_stack([xs, ys]))
    taken = [Bbox.from_bounds(x - 5, y - 5, 10, 10) for x, y in dots]
    inside = panel.get_window_extent()
    for name, x, y in zip(names, xs, ys, strict=True):
        style = dict(textcoords='offset points', va='center', fontsize=8, path_effects=HALO)
        text = panel.annotate(name, (x, y), PLACES[0][:2], **style)
        for dx, dy, align in PLACES:
            text.set(position=(dx, dy), ha=align)
            box = text.get_window_extent().padded(GAP)
            within = inside.containsx(box.x0) and inside.containsx(box.x1)
            if within and inside.containsy(box.y0) and not box.count_overlaps(taken):
                break
        taken.append(box)
