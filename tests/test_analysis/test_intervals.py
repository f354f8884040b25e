"""Intervals over seeds and over images, against slow second implementations."""

import math

import numpy as np
import pytest

from mmseg_maxsquare.analysis.intervals import (
    BLOCK,
    Interval,
    block_sums,
    of_another_run,
    over_images,
    over_seeds,
)


def test_five_seeds_by_hand() -> None:
    """t = 2.776 at four degrees of freedom; deviation of 1, 2, 3, 4, 5: sqrt(2.5)."""
    found = over_seeds([1, 2, 3, 4, 5])
    half = 2.7764451 * math.sqrt(2.5 / 5)
    assert found.mean == 3
    assert (found.low, found.high) == pytest.approx((3 - half, 3 + half), rel=1e-7)
    assert str(found) == '+3.0 [+1.0, +5.0]'


def test_one_seed_has_no_interval() -> None:
    found = over_seeds([-1.5])
    assert math.isnan(found.low) and math.isnan(found.high)
    assert str(found) == '-1.5'


def test_another_run_by_hand() -> None:
    """t = 4.303 at two degrees of freedom, a deviation of 1, and 1 + 1/3 of its variance."""
    found = of_another_run([1, 2, 3])
    half = 4.3026527 * math.sqrt(4 / 3)
    assert (found.low, found.mean, found.high) == pytest.approx((2 - half, 2, 2 + half), rel=1e-7)


def areas(seed: int, images: int = 34, classes: int = 3) -> np.ndarray:
    generator = np.random.default_rng(seed)
    union = generator.integers(1, 100, size=(images, classes))
    return np.stack([(union * generator.random((images, classes))).astype(np.int64), union])


def gain(ours: list, others: list, images: list[int]) -> float:
    """Image by image."""
    values = []
    for a, b in zip(ours, others, strict=True):
        means = []
        for part in (a, b):
            ious = [
                100 * sum(part[0, i, c] for i in images) / sum(part[1, i, c] for i in images)
                for c in range(part.shape[2])
            ]
            means.append(sum(ious) / len(ious))
        values.append(means[0] - means[1])
    return sum(values) / len(values)


def test_bootstrap_over_blocks() -> None:
    ours, others = [areas(0), areas(1)], [areas(2), areas(3)]
    sums = [[block_sums(part) for part in side] for side in (ours, others)]
    found = over_images(*sums, draws=50, seed=7)
    assert found.mean == pytest.approx(gain(ours, others, list(range(34))))
    blocks = [list(range(i, min(i + BLOCK, 34))) for i in range(0, 34, BLOCK)]
    generator = np.random.default_rng(7)
    drawn = generator.integers(4, size=(50, 4))
    gains = [gain(ours, others, [i for b in row for i in blocks[b]]) for row in drawn]
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(gains, [2.5, 97.5])))


def test_a_row_against_itself() -> None:
    assert over_images([areas(0)], [areas(0)], draws=20) == Interval(0.0, 0.0, 0.0)


def test_a_class_that_never_occurs_is_left_out() -> None:
    one, two = areas(0), areas(1)
    one[:, :, 2] = two[:, :, 2] = 0
    found = over_images([block_sums(one)], [block_sums(two)], draws=20)
    assert found.mean == pytest.approx(gain([one[:, :, :2]], [two[:, :, :2]], list(range(34))))
