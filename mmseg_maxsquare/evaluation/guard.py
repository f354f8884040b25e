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
        0,
        UNCLEAR,
        [
            'No model that was measured during the run is clearly surer than the source model '
            'without falling back on fewer classes.'
        ],
    )


def _reasons(rows: Sequence[Row], best: int, limits: Limits) -> list[str]:
    before, after = (float(rows[i]['information']) for i in (0, best))
    return [
        f'{_capital(spoken(str(rows[best]["name"])))} is surer of its predictions and does not '
        f'fall back on fewer classes: information {after:.3f}, source model {before:.3f}; lower '
        'is better.',
        _divergence(rows[best], limits),
    ]


def _divergence(row: Row, limits: Limits) -> str:
    return (
        f'The class shares of {spoken(str(row["name"]))} differ by '
        f'{float(row["share_divergence"]):.3f} nats from those of the source model; at most '
        f'{limits.divergence} are accepted.'
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
