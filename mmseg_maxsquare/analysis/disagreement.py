"""How much models disagree on each image, and which images are shown."""

import numpy as np

from .class_statistics import IGNORED


def disagreement(predictions: list[np.ndarray], truth: np.ndarray) -> float:
    """Share of the labelled pixels on which the predictions are not all the same class.

    Args:
        predictions: Class maps ``(H, W)``.
        truth: Labels ``(H, W)``; 255 means no label. The classes themselves are not used.

    Returns:
        In [0, 1]; 0 if no pixel is labelled.
    """
    labelled = truth != IGNORED
    differ = np.any([p != predictions[0] for p in predictions[1:]], axis=0)
    return float(differ[labelled].mean()) if labelled.any() else 0.0


def choose(shares: list[float], differing: int, random: int, seed: int) -> dict[int, str]:
    """Choose the images to show.

    Args:
        shares: Disagreement on each image.
        differing: Number of images with the largest share; of equal ones the first.
        random: Number of other images, drawn at random regardless of the share.
        seed: Of the draw.

    Returns:
        The reason by index; the most different first, then the random ones in order.
    """
    order = sorted(range(len(shares)), key=lambda i: -shares[i])
    first, rest = order[:differing], sorted(order[differing:])
    drawn = np.random.default_rng(seed).choice(rest, min(random, len(rest)), replace=False)
    ranks = {index: f'most different ({i})' for i, index in enumerate(first, start=1)}
    return ranks | {int(index): f'at random (seed {seed})' for index in sorted(drawn)}
