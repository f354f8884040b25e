"""CBST's rules against slow ones, on maps made by hand."""

import math

import numpy as np
import pytest
import torch

from mmseg_maxsquare.methods.cbst import (
    class_balanced_score,
    portion_of_round,
    pseudo_labels,
    some_are_confident,
    spatial_prior,
    streamed_thresholds,
    threshold,
    thresholds,
)

RNG = np.random.default_rng(0)


def slow_threshold(values: list[float], portion: float) -> float:
    """As the released codes: a sorted list, every class on its own."""
    ordered = sorted(values, reverse=True)
    place = math.floor(len(ordered) * portion)
    return ordered[place - 1] if place else 1.0


@pytest.mark.parametrize('portion', [0.05, 0.2, 0.5, 0.999, 1.0])
@pytest.mark.parametrize('count', [0, 1, 3, 19, 1000])
def test_threshold(count: int, portion: float) -> None:
    """Equal to the slow rule: also a class without pixels, and a portion below one pixel."""
    values = RNG.random(count).astype(np.float32)
    assert threshold(values, portion) == slow_threshold(values.tolist(), portion)


def test_ties() -> None:
    """Equal confidences: all of them reach the threshold."""
    values = np.array([0.9, 0.7, 0.7, 0.7, 0.5], np.float32)
    assert threshold(values, 0.4) == np.float32(0.7)
    maps = torch.tensor([[[0.9, 0.7, 0.7, 0.7, 0.5]], [[0.1, 0.3, 0.3, 0.3, 0.5]]])
    labels = pseudo_labels(maps, torch.from_numpy(thresholds([values, values[:0]], 0.4)))
    assert labels.tolist() == [[0, 0, 0, 0, 255]]


def test_policies() -> None:
    """Class-balanced keeps rare classes, global the confident ones."""
    sure, unsure = np.linspace(0.9, 1, 90), np.linspace(0.3, 0.4, 10)
    balanced = thresholds([sure, unsure, unsure[:0]], 0.2)
    assert balanced.tolist() == pytest.approx(
        [slow_threshold(sure.tolist(), 0.2), slow_threshold(unsure.tolist(), 0.2), 1.0]
    )
    everywhere = thresholds([sure, unsure, unsure[:0]], 0.2, 'global')
    assert everywhere.tolist() == pytest.approx([slow_threshold([*sure, *unsure], 0.2)] * 3)


@pytest.mark.parametrize('policy', ['class_balanced', 'global'])
@pytest.mark.parametrize('portion', [0.001, 0.2, 0.5, 1.0])
def test_streamed_thresholds(portion: float, policy: str) -> None:
    """The same to the bit as with all values in memory: ties, classes without pixels, 1.0."""
    values = RNG.random(5000).astype(np.float32)
    values[:500] = 1.0
    values[500:900] = values[1000]
    values[900:950] = np.nextafter(values[1000], np.float32(0))
    labels = RNG.choice(5, 5000, p=[0.5, 0.3, 0.1999, 0.0001, 0]).astype(np.uint8)
    parts = [(labels[i : i + 700], values[i : i + 700]) for i in range(0, 5000, 700)]
    limits, counts = streamed_thresholds(lambda: iter(parts), 5, portion, policy)
    of_class = [values[labels == c] for c in range(5)]
    assert limits.dtype == np.float32
    assert limits.tolist() == thresholds(of_class, portion, policy).tolist()
    assert counts.tolist() == [len(part) for part in of_class]


def test_a_saturated_model_has_thresholds_of_one() -> None:
    """Which is not the 1 of a class without pixels: its pixels are labelled."""
    counts, limits = np.array([40, 60]), thresholds([np.ones(40), np.ones(60)], 0.2)
    assert limits.tolist() == [1, 1] and some_are_confident(counts, 0.2, 'class_balanced')


@pytest.mark.parametrize(('policy', 'expected'), [('class_balanced', False), ('global', True)])
def test_too_few_pixels(policy: str, expected: bool) -> None:
    """floor(9 * 0.1) = 0 in both classes; floor(18 * 0.1) = 1 of all."""
    counts = np.array([9, 9])
    assert some_are_confident(counts, 0.1, policy) is expected
    certain = thresholds([np.full(9, 0.5)] * 2, 0.1, policy) == 1
    assert certain.all() != expected


def test_pseudo_labels() -> None:
    """Pixel by pixel: argmax of p / t where it is at least 1; it may differ from the argmax."""
    logits = torch.from_numpy(RNG.normal(size=(5, 6, 7)))
    maps, limits = logits.softmax(0), torch.tensor([0.6, 0.3, 0.5, 0.25, 1.0])
    labels = pseudo_labels(maps, limits)
    assert labels.dtype == torch.uint8
    differs = 0
    for i in range(6):
        for j in range(7):
            ratios = [float(maps[c, i, j] / limits[c].double()) for c in range(5)]
            best = max(range(5), key=ratios.__getitem__)
            assert int(labels[i, j]) == (best if ratios[best] >= 1 else 255)
            differs += int(labels[i, j]) not in (255, int(maps[:, i, j].argmax()))
    assert differs > 0


@pytest.mark.parametrize(('number', 'expected'), [(1, 0.2), (3, 0.3), (7, 0.5), (9, 0.5)])
def test_portion_of_round(number: int, expected: float) -> None:
    assert portion_of_round(number, 0.2, 0.05, 0.5) == pytest.approx(expected)


@pytest.mark.parametrize('portion', [0, -0.1, 1.01, math.nan])
def test_wrong_portion(portion: float) -> None:
    with pytest.raises(ValueError, match=r'portion must lie in \(0, 1\]'):
        thresholds([np.ones(3)], portion)


def test_wrong_policy() -> None:
    with pytest.raises(ValueError, match="policy must be one of .* got 'balanced'"):
        thresholds([np.ones(3)], 0.5, 'balanced')


def test_score() -> None:
    """A small class counts as much as a large one; an absent one does not."""
    label = torch.tensor([[0, 0, 0, 2]])
    confidence = torch.tensor([[0.9, 0.9, 0.6, 0.4]])
    assert class_balanced_score(confidence, label) == pytest.approx((0.8 + 0.4) / 2)


def test_spatial_prior() -> None:
    """Sums to 1, is smooth, has its top where the class is; uniform for an absent class."""
    counts = np.zeros((3, 20, 30))
    counts[0, 15:] = 4
    counts[1, 10, 15] = 1
    prior = spatial_prior(counts, 7)
    assert prior.dtype == np.float32 and (prior >= 0).all()
    assert prior.reshape(3, -1).sum(1).tolist() == pytest.approx([1, 1, 1], abs=1e-5)
    assert prior[0, 18, 3] > 5 * prior[0, 5, 3] and prior[0, 13].max() > 0
    assert np.unravel_index(prior[1].argmax(), (20, 30)) == (10, 15)
    assert prior[1, 10, 14] == prior[1, 10, 16] > prior[1, 10, 13]
    assert np.allclose(prior[2], 1 / 600)
