"""Pictures of finished rows: bars per class, and predictions side by side."""

import statistics
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.patches import Patch

from .plots import COLOURS, DPI, axes, save
from .report import Results

FIELDS = ('image', 'disagreement')
TILE = 2.4  # inches
BAR = 0.9  # inches for the colour bar of the confidence
TITLE_LENGTH = 40
NAMES = 5  # of rows in a line above a bar chart

Tiles = list[tuple[str, np.ndarray]]  # title and RGB of each


@dataclass
class Example:
    """An image with the outputs of the models.

    Attributes:
        heading: Its name and why it is shown.
        upper: Image, prediction of each model, guidance if there is any.
        lower: Ground truth, confidence of each model.
    """

    heading: str
    upper: Tiles
    lower: Tiles


@dataclass
class Comparison:
    """Comparison of some models on a data set.

    Attributes:
        shares: Disagreement in [0, 1] by the name of the image.
        examples: The images to show.
        classes: RGB, 0-255, by name.
    """

    shares: list[tuple[str, float]]
    examples: list[Example]
    classes: dict[str, list[int]]


def bar_chart(groups: dict[str, Results], classes: list[str], path: Path) -> None:
    """Write a PNG: IoU of every class as bars, one bar for each row; a panel per group.

    Args:
        groups: Metrics by title of the panel, row name and seed. The first row,
            such as the source model, is grey.
        classes: Classes along the axis.
        path: PNG to write.
    """
    width = max(7.0, 0.75 * len(classes) + 2)
    panels = axes(len(groups), width=width, height=3.4)
    for panel, (title, results) in zip(panels, groups.items(), strict=True):
        places = np.arange(len(classes))
        bar = 0.8 / len(results)
        for number, (name, runs) in enumerate(results.items()):
            values = [[m.get(f'IoU.{c}', np.nan) for m in runs.values()] for c in classes]
            means = [statistics.fmean(v) for v in values]
            spread = [statistics.stdev(v) for v in values] if len(runs) > 1 else None
            panel.bar(
                places + (number - (len(results) - 1) / 2) * bar,
                means,
                bar,
                yerr=spread,
                label=name,
                color=COLOURS[number % len(COLOURS)],
                error_kw=dict(linewidth=0.7),
            )
        panel.set_xticks(places, classes, rotation=35, ha='right')
        panel.set(ylabel='IoU (%)', ylim=(0, 100))
        # A line of its own for the names, which may be as long as the panel is wide.
        above = dict(loc='lower left', bbox_to_anchor=(0, 1), ncols=min(len(results), NAMES))
        panel.legend(frameon=False, fontsize=8, **above)
        lines = -(-len(results) // NAMES)
        panel.set_title(title, loc='left', fontsize=10, pad=6 + 15 * lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    panels[0].figure.savefig(path, dpi=DPI)
    plt.close(panels[0].figure)


def draw_comparison(comparison: Comparison, path: Path, show_data: bool = True) -> None:
    """Write the examples as PNG, and the disagreement on all images as CSV beside it.

    Args:
        comparison: From :func:`~mmseg_maxsquare.analysis.panels.compare`.
        path: PNG to write.
        show_data: False leaves out image and ground truth.
    """
    first = 0 if show_data else 1
    lines = [line[first:] for e in comparison.examples for line in (e.upper, e.lower)]
    height, width, _ = lines[0][0][1].shape
    columns = len(lines[0])
    panels = axes(len(lines), columns, width=TILE, height=TILE * height / width + 0.36)
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        if column >= len(lines[row]):
            panel.set_axis_off()
            continue
        title, picture = lines[row][column]
        panel.imshow(picture)
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
        title = title if len(title) <= TITLE_LENGTH else f'{title[: TITLE_LENGTH - 1]}…'
        upper = row % 2 == 0
        panel.set_title('\n' * upper + title, loc='left', fontsize=8)
        if column == 0 and upper:
            place = dict(xy=(0, 1), xycoords='axes fraction', textcoords='offset points')
            heading = comparison.examples[row // 2].heading
            # Extends over the neighbouring tiles; the layout must not reserve space for it.
            panel.annotate(heading, xytext=(0, 16), fontsize=8, **place).set_in_layout(False)
    figure = panels[0].figure
    figure.set_size_inches(figure.get_figwidth() + BAR, figure.get_figheight())
    colours = {**comparison.classes, 'no label or no guidance': [0, 0, 0]}
    patches = [Patch(color=np.divide(c, 255), label=name) for name, c in colours.items()]
    ncols = -(-len(patches) // -(-len(patches) // (2 * columns)))  # rows of about one length
    figure.legend(handles=patches, loc='outside lower center', ncols=ncols, frameon=False)
    bar = dict(label='confidence (highest probability)', shrink=0.5, aspect=40, pad=0.01)
    figure.colorbar(ScalarMappable(cmap='viridis'), ax=panels, **bar)
    save(figure, path, FIELDS, comparison.shares)
