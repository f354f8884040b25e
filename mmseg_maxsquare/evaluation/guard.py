"""Chooses between the looks at an adaptation by indicators that need no labels."""

from collections.abc import Sequence
from dataclasses import dataclass

ADAPTED = 'adapted, likely better'
UNCLEAR = 'unclear, source model kept'
COLLAPSE = 'collapse, source model kept'
Row = dict[str, float | str]


@dataclass(frozen=True)
class Limits:
    """Limits of the guard, set by `study guard` on its development tasks.

    Attributes:
        divergence: Largest divergence of the class shares from the source model's, in nats.
        gain: Least decrease of ``information`` that counts as an improvement.
    """

    divergence: float = 0.08
    gain: float = 0.005


@dataclass(frozen=True)
class Choice:
    """The look that is chosen.

    Attributes:
        index: Its row.
        verdict: ADAPTED, UNCLEAR or COLLAPSE.
        reasons: The indicators that decided, a sentence each.
    """

    index: int
    verdict: str
    reasons: list[str]


def choose(rows: Sequence[Row], limits: Limits = Limits()) -> Choice:
    """The look with the lowest ``information`` before the class shares diverge.

    Args:
        rows: Looks in their order; the first is the source model, the others have the values
            of :class:`~mmseg_maxsquare.engine.held_out.HeldOutImages`.
        limits: The limit of the divergence.

    Raises:
        ValueError: If there is no row.
    """
    if not rows:
        raise ValueError('the guard needs at least one look, the source model')
    healthy = []
    for i, row in enumerate(rows):
        if float(row['share_divergence']) > limits.divergence:
            break
        healthy.append(i)
    best = min(healthy or [0], key=lambda i: float(rows[i]['information']))
    before, after = (float(rows[i]['information']) for i in (0, best))
    if before - after >= limits.gain:
        return Choice(best, ADAPTED, _reasons(rows, best, limits))
    if len(healthy) < len(rows):
        return Choice(0, COLLAPSE, [_divergence(rows[max(len(healthy), 1)], limits)])
    return Choice(
        0, UNCLEAR, ['No look is clearly more certain of more classes than the source model.']
    )


def _reasons(rows: Sequence[Row], best: int, limits: Limits) -> list[str]:
    before, after = (float(rows[i]['information']) for i in (0, best))
    return [
        f'Predictions are more certain of more classes: information {after:.3f}, the source '
        f'model {before:.3f}; lower is better.',
        _divergence(rows[best], limits),
    ]


def _divergence(row: Row, limits: Limits) -> str:
    return (
        f'{row["name"]}: class shares differ by {float(row["share_divergence"]):.3f} nats from '
        f'those of the source model; at most {limits.divergence} are accepted.'
    )
