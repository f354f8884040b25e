"""Class-balanced self-training (Zou et al., ECCV 2018): thresholds, labels, scores, prior.

The loop that trains with them is :class:`SelfTrainingLoop`.
"""

import math
from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from .checks import is_number

IGNORE_INDEX = 255
POLICIES = ('class_balanced', 'global')
HALF = 2**16  # values of half a float32
UNREACHED = 1.0  # threshold of a class without a pixel: only certainty would do


def portion_of_round(number: int, first: float, step: float, most: float) -> float:
    """Share of the pixels of each class that get a pseudo label in a round.

    Args:
        number: Of the round, from 1.
        first: Share in the first round, in (0, 1].
        step: Added in each further round.
        most: Not exceeded (as in CRST; CBST's own code may end one step above it).
    """
    return min(first + step * (number - 1), most)


def threshold(confidences: np.ndarray, portion: float) -> float:
    """``exp(-k_c)``: confidence of the last pixel in the most confident portion (Algorithm 2).

    Args:
        confidences: Highest probabilities of the pixels predicted as one class, ``(n,)``.
        portion: Share in (0, 1].

    Returns:
        The value at place ``floor(n * portion)`` in descending order; 1 if that is 0.
    """
    kept = math.floor(len(confidences) * portion)
    if kept < 1:
        return UNREACHED
    place = len(confidences) - kept
    return float(np.partition(confidences, place)[place])


def thresholds(
    confidences: Sequence[np.ndarray], portion: float, policy: str = 'class_balanced'
) -> np.ndarray:
    """The threshold of every class.

    Args:
        confidences: One array for each class; see :func:`threshold`.
        portion: Share in (0, 1].
        policy: ``'class_balanced'``, or ``'global'`` for one threshold from the pixels of all
            classes (plain self-training). Defaults to 'class_balanced'.

    Returns:
        float32 ``(C,)``.

    Raises:
        ValueError: If portion or policy are wrong.
    """
    _check(portion, policy)
    if policy == 'global':
        one = threshold(np.concatenate(list(confidences)), portion)
        return np.full(len(confidences), one, np.float32)
    return np.array([threshold(values, portion) for values in confidences], np.float32)


def some_are_confident(counts: np.ndarray, portion: float, policy: str) -> bool:
    """Whether any class gets a threshold from pixels, not 1 for lack of them.

    Args:
        counts: Predicted pixels of each class, ``(C,)``.
        portion: Share in (0, 1].
        policy: As for :func:`thresholds`.
    """
    most = counts.sum() if policy == 'global' else counts.max()
    return math.floor(int(most) * portion) >= 1


def streamed_thresholds(
    read: Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]],
    classes: int,
    portion: float,
    policy: str = 'class_balanced',
) -> tuple[np.ndarray, np.ndarray]:
    """:func:`thresholds` of confidences that are read in parts, twice; exact, in constant memory.

    Positive float32 numbers have the order of their bits. The first pass counts the upper 16
    bits, which tells in which interval a threshold lies, the second one the lower 16 bits there.

    Args:
        read: Called twice; gives pairs of predicted classes and confidences, each ``(n,)``.
        classes: Number of classes.
        portion: Share in (0, 1].
        policy: As for :func:`thresholds`.

    Returns:
        Thresholds, float32 ``(C,)``, and numbers of pixels, int64 ``(C,)``.

    Raises:
        ValueError: If portion or policy are wrong.
    """
    _check(portion, policy)
    groups = 1 if policy == 'global' else classes
    counts, upper = np.zeros(classes, np.int64), np.zeros((groups, HALF), np.int64)
    for labels, values in read():
        counts += np.bincount(labels, minlength=classes)
        group = labels.astype(np.int64) if groups > 1 else 0
        places = group * HALF + (_bits(values) >> 16)
        upper += np.bincount(places, minlength=groups * HALF).reshape(groups, HALF)
    kept = np.array([math.floor(int(n) * portion) for n in upper.sum(1)])
    intervals, left = _place_from_above(upper, kept)
    lower = np.zeros((groups, HALF), np.int64)
    for labels, values in read():
        group = labels.astype(np.int64) if groups > 1 else np.zeros(len(labels), np.int64)
        bits = _bits(values)
        inside = bits >> 16 == intervals[group]
        places = group[inside] * HALF + (bits[inside] & (HALF - 1))
        lower += np.bincount(places, minlength=groups * HALF).reshape(groups, HALF)
    ends, _ = _place_from_above(lower, left)
    limits = (intervals * HALF + ends).astype(np.uint32).view(np.float32)
    limits = np.where(kept < 1, np.float32(UNREACHED), limits)
    return np.broadcast_to(limits, classes).copy(), counts


def _bits(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32, copy=False).view(np.uint32).astype(np.int64)


def _place_from_above(counts: np.ndarray, rank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where in each histogram the value of a rank lies, counted from above, and its rank there."""
    sums = counts[:, ::-1].cumsum(1)
    place = np.minimum((sums < rank[:, None]).sum(1), HALF - 1)
    rows = np.arange(len(counts))
    before = sums[rows, place] - counts[rows, HALF - 1 - place]
    return HALF - 1 - place, rank - before


def _check(portion: float, policy: str) -> None:
    check_portion(portion, 'portion')
    if policy not in POLICIES:
        raise ValueError(f'policy must be one of {POLICIES}, got {policy!r}')


def check_portion(portion: float, name: str) -> None:
    """Raise ``ValueError`` unless it is a share in (0, 1]."""
    if not is_number(portion) or not 0 < portion <= 1:
        raise ValueError(f'{name} must lie in (0, 1], got {portion!r}')


def pseudo_labels(probabilities: Tensor, class_thresholds: Tensor) -> Tensor:
    """Class with the highest ratio of probability and threshold, where that is at least 1.

    Args:
        probabilities: ``(C, H, W)``, times the spatial prior if there is one.
        class_thresholds: ``(C,)``.

    Returns:
        uint8 ``(H, W)``, 255 where no class reaches its threshold. The class may differ from
        the most probable one.
    """
    ratio, label = (probabilities / class_thresholds.to(probabilities)[:, None, None]).max(0)
    return label.masked_fill(ratio < 1, IGNORE_INDEX).to(torch.uint8)


def class_balanced_score(confidence: Tensor, label: Tensor) -> float:
    """How sure a model is of an image, each class that it predicts counting the same.

    By it the authors choose the target images to train on. Whether classes that are absent
    from the image count is not published; here they do not.

    Args:
        confidence: Highest probability of each pixel, ``(H, W)``.
        label: Its class, int64 ``(H, W)``.

    Returns:
        Mean over the classes of the mean confidence of their pixels.
    """
    sums = torch.bincount(label.flatten(), confidence.flatten().double())
    counts = torch.bincount(label.flatten())
    present = counts > 0
    return float((sums[present] / counts[present]).mean())


def spatial_prior(counts: np.ndarray, width: int) -> np.ndarray:
    """Where in an image each class appears: frequencies, smoothed, normalised for each class.

    Args:
        counts: How often each class is at each place, ``(C, h, w)``.
        width: Of the Gaussian kernel in places (the paper's is 70 of 2048 pixels wide; its
            deviation is not published, so OpenCV's for that width is used).

    Returns:
        float32 ``(C, h, w)``, at least 0, with sum 1 over the places; uniform for a class that
        does not appear.
    """
    width += 1 - width % 2  # OpenCV's kernels are odd
    places = counts[0].size
    prior = np.empty(counts.shape, np.float32)
    for of_class, count in zip(prior, counts, strict=True):
        smooth = cv2.GaussianBlur(count.astype(np.float64), (width, width), 0)
        total = smooth.sum()
        of_class[:] = smooth.clip(min=0) / total if total > 0 else 1 / places
    return prior
