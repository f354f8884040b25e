"""The guard's choice on hand-made looks."""

import pytest

from mmseg_maxsquare.evaluation.guard import ADAPTED, COLLAPSE, UNCLEAR, Limits, choose, criterion


def looks(*values: tuple[float, ...]) -> list[dict]:
    """Rows with information, divergence, consistency, and what is retained (default: all)."""
    names = ['source', *(f'step {25 * i}' for i in range(1, len(values)))]
    keys, default = ('information', 'share_divergence', 'mirror', 'retained'), (0.0, 0.0, 0.9, 1.0)
    return [
        dict(name=name, step=25.0 * i, **dict(zip(keys, row + default[len(row) :], strict=True)))
        for i, (name, row) in enumerate(zip(names, values, strict=True))
    ]


def test_criterion() -> None:
    (row,) = looks((-0.5, 0.03, 0.8))
    assert criterion(row) == pytest.approx(-0.5 + 0.06 - 1.6)


def test_lowest_criterion() -> None:
    choice = choose(looks((-0.5, 0), (-0.6, 0.01), (-0.7, 0.02), (-0.65, 0.03)))
    assert (choice.index, choice.verdict) == (2, ADAPTED)
    assert 'information -0.700, before -0.500' in choice.reasons[0]
    assert 'the model after 50 steps differ by' in choice.reasons[1]


def test_every_part_of_the_criterion_counts() -> None:
    """The same information: more consistent, or with shares nearer to the source model's."""
    assert choose(looks((-0.5, 0), (-0.6, 0.02, 0.90), (-0.6, 0.02, 0.92))).index == 2
    assert choose(looks((-0.5, 0), (-0.6, 0.02), (-0.6, 0.01))).index == 2
    assert choose(looks((-0.5, 0), (-0.60, 0.02, 0.92), (-0.63, 0.02, 0.90))).index == 1


def test_nothing_behind_a_limit() -> None:
    """Also not a look that has come back."""
    choice = choose(looks((-0.5, 0), (-0.6, 0.05, 0.95), (-0.9, 0.13, 0.95), (-0.95, 0.01, 0.95)))
    assert (choice.index, choice.verdict) == (1, ADAPTED)
    assert choose(looks((-0.5, 0), (-0.9, 0.13, 0.95)), Limits(0.2)).index == 1
    lost = choose(looks((-0.5, 0), (-0.6, 0.01, 0.9, 0.2), (-0.9, 0.02, 0.9, 0.14), (-0.9, 0)))
    assert (lost.index, lost.verdict) == (1, ADAPTED)


def test_collapse() -> None:
    choice = choose(looks((-0.5, 0), (-0.45, 0.05), (-0.4, 0.2)))
    assert (choice.index, choice.verdict) == (0, COLLAPSE)
    assert 'of the model after 50 steps differ by 0.200 nats' in choice.reasons[0]
    assert choose(looks((-0.5, 0), (-0.9, 0.3))).verdict == COLLAPSE
    vanished = choose(looks((-0.5, 0), (-0.9, 0.01, 0.9, 0.05)))
    assert vanished.verdict == COLLAPSE and 'keeps 5 % of its pixels' in vanished.reasons[0]


def test_unclear() -> None:
    assert choose(looks((-0.5, 0), (-0.49, 0.01))).verdict == UNCLEAR
    assert choose(looks((-0.5, 0))).verdict == UNCLEAR
    assert choose(looks((-0.5, 0), (-0.519, 0))).verdict == UNCLEAR  # too little
    assert choose(looks((-0.5, 0), (-0.521, 0))).verdict == ADAPTED
    with pytest.raises(ValueError, match='at least one look'):
        choose([])
