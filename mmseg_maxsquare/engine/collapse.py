"""Whether the predictions of a run have collapsed, from looks at single batches.

Batches differ: a class may be absent from many of them. So a class counts as lost only if it is
absent from so many looks in a row that this would hardly happen by chance, judged by how often
it was absent before.
"""

from collections.abc import Sequence
from math import lgamma, log

import numpy as np
from mmengine.logging import MessageHub

KEY = 'target_shares'  # of the looks, in the checkpoints
FIRST, LAST = 20, 100  # looks that are kept: those of the first steps, and the last ones
TOP = 0.9  # share of a class that has taken over
REST = 0.2  # of its mean share: a class with less is absent from a look
CHANCE = 1e-5  # that a class which is as frequent as before is absent so often in a row
# The more pixels a class has, the rarer is a batch without it: a mean share of 0.5 counts as
# PRIOR * 0.5 looks in which it was present.
PRIOR = 10
PRESENT = 0.01  # mean share of a class that counts among those of the first looks


def remember(hub: MessageHub, shares: list[float]) -> np.ndarray:
    """Class shares of the first and the last looks, kept where checkpoints keep them.

    Args:
        hub: Of the run.
        shares: Of the new look, NaN if no pixel counts, which is no look.

    Returns:
        ``(N, C)``, oldest first.
    """
    looks = list(hub.runtime_info.get(KEY, []))
    if np.isfinite(shares).all():
        looks.append(shares)
    looks = looks[:FIRST] + looks[FIRST:][-LAST:]
    hub.update_info(KEY, looks)
    return np.array(looks).reshape(len(looks), len(shares))


def collapse_of(looks: np.ndarray, classes: Sequence[str]) -> str | None:
    """What has collapsed: one class has taken all pixels, or half of the classes are lost.

    Args:
        looks: Class shares ``(N, C)``, oldest first.
        classes: Names.

    Returns:
        The fact in words; None if there is no collapse.
    """
    if len(looks) < 2:
        return None
    top = int(looks[-1].argmax())
    lost = lost_share(1 - looks[:, top])
    if lost is not None and 1 - lost[1] > TOP:
        then, now = (1 - share for share in lost)
        return (
            f'{now:.1%} of the target pixels are predicted as {classes[top]}, {then:.1%} in the '
            'looks before'
        )
    had = np.flatnonzero(looks[:FIRST].mean(axis=0) >= PRESENT).tolist()
    gone = [classes[i] for i in had if lost_share(looks[:, i]) is not None]
    if len(had) > 2 and 2 * len(gone) >= len(had):
        return f'{len(gone)} of {len(had)} classes are no longer predicted ({", ".join(gone)})'
    return None


def lost_share(shares: np.ndarray) -> tuple[float, float] | None:
    """Whether a share that was there is absent from the last looks, and not by chance.

    With ``x`` absences in ``m`` looks, the chance of ``n`` absences in a row is that of a Beta
    distribution of the frequency: B(x + 1 + n, m - x + 1) / B(x + 1, m - x + 1).

    Args:
        shares: ``(N,)``, oldest first.

    Returns:
        Its means before and since; None if it is not lost.
    """
    largest_since = np.maximum.accumulate(shares[::-1])[::-1]
    for m in range(1, len(shares)):
        mean = shares[:m].mean()
        if largest_since[m] > REST * mean or mean == 0:
            continue
        absent = 1 + int((shares[:m] <= REST * mean).sum())
        present = 2 + m - absent + PRIOR * mean
        n = len(shares) - m
        if _log_beta(absent + n, present) - _log_beta(absent, present) < log(CHANCE):
            return float(mean), float(shares[m:].mean())
    return None


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
