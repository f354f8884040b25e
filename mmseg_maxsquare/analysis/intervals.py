"""95 % intervals of differences between rows: over seeds, and over images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

LEVEL = 0.95
BLOCK = 10  # consecutive frames, which look alike
DRAWS = 2000


@dataclass(frozen=True)
class Interval:
    """A mean and its interval.

    Attributes:
        mean: The mean.
        low: Lower end; NaN if there is only one value.
        high: Upper end.
    """

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return self.text(1, '+')

    def text(self, digits: int, sign: str = '') -> str:
        """Mean and ends; the mean alone if there is only one value.

        Args:
            digits: Behind the point.
            sign: ``'+'`` for differences. Defaults to ''.
        """
        form = f'{sign}.{digits}f'
        if math.isnan(self.low):
            return f'{self.mean:{form}}'
        return f'{self.mean:{form}} [{self.low:{form}}, {self.high:{form}}]'


def over_seeds(
    differences: Sequence[float], scale: tuple[float, float] = (-math.inf, math.inf)
) -> Interval:
    """Mean of paired differences with Student's interval: what another seed may give.

    Args:
        differences: One for each seed.
        scale: Lowest and highest possible mean; the interval ends there. Defaults to no limits.
    """
    values = np.asarray(differences, dtype=float)
    count, mean = len(values), float(values.mean())
    if count < 2:
        return Interval(mean, math.nan, math.nan)
    half = float(t.ppf((1 + LEVEL) / 2, count - 1) * values.std(ddof=1) / math.sqrt(count))
    return Interval(mean, max(mean - half, scale[0]), min(mean + half, scale[1]))


def of_another_run(values: Sequence[float]) -> Interval:
    """Mean of some runs, and the interval in which 95 % of other runs lie.

    Args:
        values: At least two.
    """
    found, count = over_seeds(values), len(values)
    half = (found.high - found.mean) * math.sqrt(count + 1)  # sqrt(1 + 1/n) for sqrt(1/n)
    return Interval(found.mean, found.mean - half, found.mean + half)


def block_sums(areas: np.ndarray) -> np.ndarray:
    """Sums over blocks of ten consecutive images.

    Args:
        areas: ``(..., images, classes)``.

    Returns:
        ``(..., blocks, classes)``; the last block may have fewer images.
    """
    starts = np.arange(0, areas.shape[-2], BLOCK)
    return np.add.reduceat(areas, starts, axis=-2)


def over_images(
    ours: Sequence[np.ndarray], others: Sequence[np.ndarray], draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Difference of the mIoU with a bootstrap interval: what other images may give.

    Blocks of consecutive images are drawn with replacement, the same ones for both rows and
    all seeds.

    Args:
        ours: For each seed, intersections and unions of :func:`block_sums`,
            ``(2, blocks, classes)``.
        others: Those of the row to compare with, seed by seed.
        draws: Number of drawn sets. Defaults to 2000.
        seed: Of the draws. Defaults to 0.

    Returns:
        The difference on all images, and the percentiles of the drawn ones.
    """
    pairs = [np.stack(pair) for pair in zip(ours, others, strict=True)]
    blocks = np.stack(pairs)  # (seeds, 2, 2, blocks, classes)
    count = blocks.shape[3]
    generator = np.random.default_rng(seed)
    drawn = generator.integers(count, size=(draws, count))
    weights = np.stack([np.bincount(row, minlength=count) for row in drawn])
    gains = _gain(np.einsum('db,spibc->dspic', weights, blocks))
    low, high = np.nanpercentile(gains, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Interval(float(_gain(blocks.sum(axis=3)[None])[0]), float(low), float(high))


def _gain(areas: np.ndarray) -> np.ndarray:
    """Mean over seeds of the difference in mIoU, in points, of ``(draws, seeds, 2, 2, C)``."""
    with np.errstate(invalid='ignore'):
        iou = 100 * areas[..., 0, :] / areas[..., 1, :]  # (draws, seeds, 2, C)
    means = np.nanmean(iou, axis=-1)
    return (means[..., 0] - means[..., 1]).mean(axis=1)
