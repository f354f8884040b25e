"""Chooses between the looks at an adaptation by indicators that need no labels."""

from collections.abc import Sequence
from dataclasses import dataclass

ADAPTED = 'adapted, likely better'
UNCLEAR = 'unclear, source model kept'
COLLAPSE = 'collapse, source model kept'
Row = dict[str, float | str]


@dataclass(frozen=True)
class Limits:
    """Limits of a healthy look, set by the study of docs/guard.md on its development tasks.

    Attributes:
        divergence: Largest divergence of the class shares from the source model's, in nats.
        retained: Smallest share of a class, relative to that in the source model's labels.
    """

    divergence: float = 0.1
    retained: float = 0.0


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


def is_healthy(row: Row, limits: Limits) -> bool:
    """Whether the predictions of a look still have the classes of the source model's."""
    return (
        float(row['share_divergence']) <= limits.divergence
        and float(row['retained']) >= limits.retained
    )


def choose(rows: Sequence[Row], limits: Limits = Limits()) -> Choice:
    """The last look that is healthy, before the first that is not.

    Args:
        rows: Looks in their order; the first is the source model, the others have the values
            of :class:`~mmseg_maxsquare.engine.held_out.HeldOutImages`.
        limits: Of a healthy look.

    Raises:
        ValueError: If there is no row.
    """
    if not rows:
        raise ValueError('the guard needs at least one look, the source model')
    steps = [i for i, row in enumerate(rows) if float(row['step']) > 0]
    if not steps:
        return Choice(0, UNCLEAR, ['No step was looked at.'])
    healthy = []
    for i in steps:
        if not is_healthy(rows[i], limits):
            break
        healthy.append(i)
    if not healthy:
        return Choice(0, COLLAPSE, [_about(rows[steps[0]], limits)])
    return Choice(healthy[-1], ADAPTED, [_about(rows[healthy[-1]], limits)])


def _about(row: Row, limits: Limits) -> str:
    return (
        f'{row["name"]}: class shares differ by {float(row["share_divergence"]):.3f} nats from the '
        f"source model's (at most {limits.divergence}), and the class that lost most keeps "
        f'{float(row["retained"]):.0%} of its pixels.'
    )
