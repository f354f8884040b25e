"""Chooses between the looks at an adaptation by indicators that need no labels."""

from collections.abc import Sequence
from dataclasses import dataclass

ADAPTED = 'adapted, likely better'
UNCLEAR = 'unclear, source model kept'
COLLAPSE = 'collapse, source model kept'
# Limits of a healthy look, set by the study of docs/guard.md on its development tasks.
MOST_DIVERGENCE = 0.15  # nats: KL of the class shares from the source model's
LEAST_RETAINED = 0.25  # of the share that the source model gives to a class

Row = dict[str, float | str]


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


def is_healthy(row: Row) -> bool:
    """Whether the predictions of a look still have the classes of the source model's."""
    return (
        float(row['share_divergence']) <= MOST_DIVERGENCE
        and float(row['retained']) >= LEAST_RETAINED
    )


def choose(rows: Sequence[Row]) -> Choice:
    """The last look that is healthy, before the first that is not.

    Args:
        rows: Looks in their order; the first is the source model, the others have the values
            of :class:`~mmseg_maxsquare.engine.held_out.HeldOutImages`.

    Raises:
        ValueError: If there is no row.
    """
    if not rows:
        raise ValueError('the guard needs at least one look, the source model')
    steps = [i for i, row in enumerate(rows) if float(row['step']) > 0]
    healthy = []
    for i in steps:
        if not is_healthy(rows[i]):
            break
        healthy.append(i)
    if not steps:
        return Choice(0, UNCLEAR, ['No step was looked at.'])
    if not healthy:
        return Choice(0, COLLAPSE, [_about(rows[steps[0]])])
    return Choice(healthy[-1], ADAPTED, [_about(rows[healthy[-1]])])


def _about(row: Row) -> str:
    return (
        f'{row["name"]}: class shares differ by {float(row["share_divergence"]):.3f} nats (at most '
        f'{MOST_DIVERGENCE}), and every class keeps at least {float(row["retained"]):.0%} of its '
        f'share (at least {LEAST_RETAINED:.0%}).'
    )
