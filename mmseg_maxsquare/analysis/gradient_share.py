"""On which pixels does the gradient of the target losses concentrate?

Shares of the total gradient magnitude on the test images of a config, by decile of
confidence (ten equal groups of pixels) and by predicted class: for the entropy, scaled or
not, and the maximum squares loss, image-wise weighted or not. The gradient is taken with
respect to the probabilities, as in Figure 1, and to the logits, which is what the network
receives, for every pixel at the size of the evaluation. Labels are not used.
"""

from collections.abc import Callable, Iterable
from functools import reduce
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from mmseg.structures import SegDataSample
from torch import Tensor

from mmseg_maxsquare.losses import image_wise_weight

from .figure1 import GAMMA
from .plots import COLOURS, axes, check_out, save
from .predictions import Predicted, predict

ALPHA = 0.2  # of Eq. 13, the paper's
# Bins of equal width in the log odds of the confidence, to resolve the many values near 1.
BINS, LOWEST, HIGHEST = 10_000, -10.0, 40.0
HATCHES = ('', '///', '...', 'xxx')


def entropy_slope(logits: Tensor, gamma: float = 0.0) -> Tensor:
    """dL/dp of Eq. 3, or of the scaled entropy (Section 1): ``-(1 - 2 gamma) (log q + 1) / N``.

    Args:
        logits: One image, ``(1, C, H, W)``.
        gamma: ``q = (1 - 2 gamma) p + gamma``.

    Returns:
        Same shape as the logits.
    """
    log_p = logits.log_softmax(1)
    log_q = log_p if gamma == 0 else ((1 - 2 * gamma) * log_p.exp() + gamma).log()
    return (2 * gamma - 1) * (log_q + 1) / logits[0, 0].numel()


def max_square_slope(logits: Tensor, alpha: float = 0.0) -> Tensor:
    """dL/dp of Eq. 6, ``-p / N``; of Eq. 13, ``-p / ((N^c)^alpha N^(1 - alpha))``."""
    return -logits.softmax(1) * image_wise_weight(logits, alpha)


LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    'entropy': entropy_slope,
    f'scaled entropy, gamma {GAMMA}': lambda logits: entropy_slope(logits, GAMMA),
    'maximum squares': max_square_slope,
    f'maximum squares, IW {ALPHA}': lambda logits: max_square_slope(logits, ALPHA),
}


def by_probabilities(slope: Tensor, p: Tensor) -> Tensor:
    """Length of the gradient along the simplex: ``slope`` less its mean over the classes.

    For two classes Eq. 5 over sqrt(2), and Eq. 8 over sqrt(8): Eq. 7 is twice Eq. 6.

    Args:
        slope: dL/dp, ``(1, C, H, W)``.
        p: Not used here; only for a signature like that of the logits variant.

    Returns:
        ``(H, W)``.
    """
    return (slope - slope.mean(1, keepdim=True)).norm(dim=1)[0]


def by_logits(slope: Tensor, p: Tensor) -> Tensor:
    """Length of the logits gradient ``p_k (slope_k - sum_c p_c slope_c)``, ``(H, W)``."""
    return (p * (slope - (p * slope).sum(1, keepdim=True))).norm(dim=1)[0]


WAYS = {'probabilities': by_probabilities, 'logits': by_logits}
ROWS = [(way, loss) for way in WAYS for loss in LOSSES]


def magnitudes(logits: Tensor) -> Tensor:
    """Maps to sum up: ones (the pixel count), then the gradient lengths in the order of ``ROWS``.

    Args:
        logits: One image, ``(1, C, H, W)``.

    Returns:
        float64 ``(1 + len(ROWS), H * W)``.
    """
    p = logits.softmax(1)
    maps = [torch.ones_like(p[0, 0])]
    maps += [WAYS[way](LOSSES[loss](logits), p) for way, loss in ROWS]
    return torch.stack(maps).flatten(1).double()


def log_odds(logits: Tensor) -> Tensor:
    """``log(p / (1 - p))`` of the highest probability, ``(H, W)``; resolved where p rounds to 1."""
    top, predicted = logits.max(1, keepdim=True)
    others = logits.scatter(1, predicted, -torch.inf).logsumexp(1, keepdim=True)
    return (top - others)[0, 0]


def image_sums(logits: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Magnitudes of one image, summed by bin of confidence and by predicted class.

    Args:
        logits: ``(1, C, H, W)``.

    Returns:
        ``(1 + len(ROWS), BINS)`` and ``(1 + len(ROWS), C)``; the first row counts pixels.
    """
    values = magnitudes(logits)
    place = (log_odds(logits).clamp(LOWEST, HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
    bins = (place * BINS).long().clamp(max=BINS - 1).flatten()
    predicted = logits.argmax(1).flatten()
    return _sums(values, bins, BINS), _sums(values, predicted, logits.shape[1])


def _sums(values: Tensor, groups: Tensor, count: int) -> np.ndarray:
    return torch.stack([torch.bincount(groups, row, count) for row in values]).cpu().numpy()


def total_sums(samples: Iterable[SegDataSample]) -> tuple[np.ndarray, np.ndarray]:
    """:func:`image_sums` of a test set, with one image in memory at a time."""
    sums = (image_sums(sample.seg_logits.data[None]) for sample in samples)
    return reduce(lambda a, b: (a[0] + b[0], a[1] + b[1]), sums)


def decile_sums(by_bin: np.ndarray) -> np.ndarray:
    """Sums over deciles of the pixels, the least confident first.

    A bin that contains a decile edge is divided in proportion to the pixel counts.

    Args:
        by_bin: ``(rows, bins)``; the first row counts pixels.

    Returns:
        ``(rows, 10)``.
    """
    filled = by_bin[:, by_bin[0] > 0]
    below = np.concatenate([np.zeros((len(filled), 1)), filled.cumsum(1)], axis=1)
    edges = np.linspace(0, below[0, -1], 11)
    return np.diff([np.interp(edges, below[0], row) for row in below])


def decile_starts(pixels: np.ndarray) -> np.ndarray:
    """Confidence where each decile begins, in percent, ``(10,)``, from the pixels by bin."""
    below = np.concatenate([[0], pixels.cumsum()])
    first = np.searchsorted(below, np.arange(10) * below[-1] / 10, side='right') - 1
    return 100 / (1 + np.exp(-(LOWEST + first * (HIGHEST - LOWEST) / BINS)))


def percent(sums: np.ndarray) -> np.ndarray:
    """Each group's share of its row's sum, ``(rows, groups)``."""
    return 100 * sums / sums.sum(1, keepdims=True)


def gradient_share(what: Predicted, out: Path) -> None:
    """Draw the shares as PNG, with all of them as CSV beside it, and print a summary."""
    check_out(out)
    names, samples = predict(what)
    by_bin, by_class = total_sums(samples)
    deciles, classes = percent(decile_sums(by_bin)), percent(by_class)
    starts = decile_starts(by_bin[0])
    draw(out, deciles, starts, classes, names)
    print(f'{out}\n\n{summary(deciles, classes, names)}')


def draw(
    out: Path, deciles: np.ndarray, starts: np.ndarray, classes: np.ndarray, names: list[str]
) -> None:
    """Draw the bar charts, and write all shares as CSV.

    Args:
        out: PNG to write.
        deciles: Percent by decile of the pixels, ``(1 + len(ROWS), 10)``.
        starts: From :func:`decile_starts`.
        classes: Percent by predicted class, ``(1 + len(ROWS), C)``.
        names: Of the classes.
    """
    seen = np.flatnonzero(classes[0])
    tenths = [f'{i}\n≥{start:.4g}' for i, start in enumerate(starts, start=1)]
    shown = [f'{names[c]}\n{classes[0, c]:.1f} %' for c in seen]
    panels = axes(4, width=max(9.0, 0.72 * len(seen)), height=2.7)
    for i, way in enumerate(WAYS):
        rows = slice(1 + i * len(LOSSES), 1 + (i + 1) * len(LOSSES))
        draw_bars(panels[i], deciles[rows], tenths, even=10)
        about = dict(xlabel='tenth of the pixels, and the least confidence in it (%)')
        panels[i].set(ylabel='share of the gradient (%)', **about)
        draw_bars(panels[2 + i], classes[rows, seen] / classes[0, seen], shown, even=1)
        about = dict(xlabel='predicted class, and its share of the pixels')
        panels[2 + i].set(ylabel='share of the gradient\nover that of the pixels', **about)
        for panel in (panels[i], panels[2 + i]):
            panel.set_title(f'gradient with respect to the {way}', loc='left', fontsize=9)
    above = dict(loc='lower left', bbox_to_anchor=(0, 1.1))
    panels[0].legend(frameon=False, fontsize=8, ncols=len(LOSSES), **above)
    fields = ['gradient by', 'loss', 'group', 'pixels (%)', 'gradient (%)', 'ratio']
    labels = [f'decile {i}: from {start:.6g} %' for i, start in enumerate(starts, start=1)]
    save(panels[0].figure, out, fields, [*_cells(deciles, labels), *_cells(classes, names)])


def draw_bars(panel: Axes, values: np.ndarray, groups: list[str], even: float) -> None:
    """One bar for each loss ``(len(LOSSES), groups)``; a line marks equal shares of all pixels."""
    places, bar = np.arange(len(groups)), 0.84 / len(values)
    for i, (name, row, hatch) in enumerate(zip(LOSSES, values, HATCHES, strict=True)):
        style = dict(color=COLOURS[1 + i], hatch=hatch, edgecolor='white', linewidth=0)
        panel.bar(places + (i - (len(values) - 1) / 2) * bar, row, bar, label=name, **style)
    panel.axhline(even, color='black', linewidth=0.8, linestyle=':')
    panel.set_xticks(places, groups, fontsize=8)


def _cells(shares: np.ndarray, groups: list[str]) -> list[list]:
    """Lines of the CSV; the ratio is the share of the gradient over the share of the pixels."""
    return [
        [way, loss, group, float(pixels), float(share), float(share / pixels) if pixels else '']
        for (way, loss), row in zip(ROWS, shares[1:], strict=True)
        for group, pixels, share in zip(groups, shares[0], row, strict=True)
    ]


def summary(deciles: np.ndarray, classes: np.ndarray, names: list[str]) -> str:
    """Two Markdown tables: shares by confidence, and gradient share over pixel share by class."""
    lines = [
        '| gradient by | loss | least confident 10 % | least confident half | most confident 10 % '
        '|\n|---|---|---|---|---|'
    ]
    for (way, loss), row in zip(ROWS, deciles[1:], strict=True):
        lines.append(f'| {way} | {loss} | {row[0]:.1f} | {row[:5].sum():.1f} | {row[-1]:.1f} |')
    seen = np.flatnonzero(classes[0])
    heading = ' | '.join(f'{names[c]} ({classes[0, c]:.1f} %)' for c in seen)
    lines += ['', f'| gradient by | loss | {heading} |', '|---' * (2 + len(seen)) + '|']
    for (way, loss), row in zip(ROWS, classes[1:], strict=True):
        ratios = ' | '.join(f'{row[c] / classes[0, c]:.2f}' for c in seen)
        lines.append(f'| {way} | {loss} | {ratios} |')
    return '\n'.join(lines)
