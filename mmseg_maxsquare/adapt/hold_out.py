"""Divides target images into those to train on and those to look at."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

SHARE = 0.2
LEAST, MOST = 4, 32
FEW = 10  # below this number all images are used for both


def hold_out(images: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Images to train on, and images to look at.

    Consecutive frames of a video are almost equal, so each folder's share is a contiguous
    block at its end: 20 % of all images, 4 to 32.

    Args:
        images: Sorted.

    Returns:
        Both lists, in the order of ``images``; with fewer than 10 images both hold all.
    """
    if len(images) < FEW:
        return list(images), list(images)
    folders = [list(group) for _, group in groupby(images, key=lambda path: path.parent)]
    counts = shares_of([len(folder) for folder in folders], wanted(len(images)))
    train = [path for part, n in zip(folders, counts, strict=True) for path in part[: -n or None]]
    held = [path for part, n in zip(folders, counts, strict=True) for path in part[-n:] if n]
    return train, held


def wanted(total: int) -> int:
    """Number of images to hold out."""
    return min(max(round(SHARE * total), LEAST), MOST)


def shares_of(sizes: Sequence[int], total: int) -> list[int]:
    """Divide a number in proportion to sizes; the largest remainders are rounded up."""
    exact = [total * size / sum(sizes) for size in sizes]
    counts = [int(value) for value in exact]
    by_rest = sorted(range(len(sizes)), key=lambda i: counts[i] - exact[i])
    for i in by_rest[: total - sum(counts)]:
        counts[i] += 1
    return counts
