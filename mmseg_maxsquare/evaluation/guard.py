"""Chooses between the looks at an adaptation by indicators that need no labels."""

from collections.abc import Sequence
from dataclasses import dataclass

ADAPTED = 'adapted, likely better'
UNCLEAR = 'unclear, source model kept'
COLLAPSE = 'collapse, source model kept'
Row = dict[str, float | str]


@dataclass(frozen=True)
class Limits:
    """Numbers of the guard's rule, set by `study guard` on its development tasks.

    Attributes:
        divergence: Largest divergence of the class shares from the source model's, in nats.
        retained: Least share of the source model's pixels that every class keeps.
        gain: Least decrease of the criterion that counts as an improvement.
        weight: Of divergence and consistency in the criterion.
    """

    divergence: float = 0.12
    retained: float = 0.15
    gain: float = 0.02
    weight: float = 2.0


def criterion(row: Row, weight: float = Limits.weight) -> float:
    """What the guard minimises: sure, balanced, consistent predictions near the source model's.

    ``information`` (entropy minus entropy of the mean) plus ``weight`` times the divergence of
    the class shares minus ``weight`` times the consistency under mirroring, all measured without
    labels.
    """
    shift = float(row['share_divergence']) - float(row['mirror'])
    return float(row['information']) + weight * shift


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
    """The look with the lowest :func:`criterion` before a limit is passed.

    Args:
        rows: Looks in their order; the first is the source model, the others have the values
            of :class:`~mmseg_maxsquare.engine.held_out.HeldOutImages`.
        limits: Looks from the first one that passes a limit on are no candidates.

    Raises:
        ValueError: If there is no row.
    """
    if not rows:
        raise ValueError('the guard needs at least one look, the source model')
    healthy = []
    for i, row in enumerate(rows):
        if passes(row, limits):
            break
        healthy.append(i)
    best = min(healthy or [0], key=lambda i: criterion(rows[i], limits.weight))
    before, after = (criterion(rows[i], limits.weight) for i in (0, best))
    if before - after >= limits.gain:
        return Choice(best, ADAPTED, _reasons(rows, best, limits))
    if len(healthy) < len(rows):
        return Choice(0, COLLAPSE, [_state(rows[max(len(healthy), 1)], limits)])
    return Choice(
        0,
        UNCLEAR,
        [
            'No model that was measured during the run is clearly surer and more consistent than '
            'the source model without falling back on fewer classes.'
        ],
    )


def _reasons(rows: Sequence[Row], best: int, limits: Limits) -> list[str]:
    before, after = (criterion(rows[i], limits.weight) for i in (0, best))
    information, mirror = (
        [float(rows[i][key]) for i in (0, best)] for key in ('information', 'mirror')
    )
    return [
        f'{_capital(spoken(str(rows[best]["name"])))} has the best balance of sure, consistent and '
        f'unshifted predictions: criterion {after:.3f}, source model {before:.3f}; lower is better '
        f'(information {information[1]:.3f}, before {information[0]:.3f}; same label in the '
        f'mirrored image at {100 * mirror[1]:.1f} % of the pixels, before '
        f'{100 * mirror[0]:.1f} %).',
        _state(rows[best], limits),
    ]


def passes(row: Row, limits: Limits = Limits()) -> bool:
    """Whether a look is beyond a limit, so that it and all later ones are no candidates."""
    diverges = float(row['share_divergence']) > limits.divergence
    return diverges or float(row['retained']) < limits.retained


def _state(row: Row, limits: Limits) -> str:
    return (
        f'The class shares of {spoken(str(row["name"]))} differ by '
        f'{float(row["share_divergence"]):.3f} nats from those of the source model, at most '
        f'{limits.divergence} are accepted; the class that lost most keeps '
        f'{100 * float(row["retained"]):.0f} % of its pixels, at least '
        f'{100 * limits.retained:.0f} % are needed.'
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def spoken(name: str) -> str:
    """The model of a look in words, such as ``the model after 50 steps``."""
    if name == 'source':
        return 'the source model'
    if name == 'statistics':
        return 'the model with new batch statistics (nothing was trained)'
    number = name.removeprefix('step ')
    return f'the model after {number} step' + ('' if number == '1' else 's')
