"""The guard's choice on hand-made looks."""

import pytest

from mmseg_maxsquare.evaluation.guard import ADAPTED, COLLAPSE, UNCLEAR, Limits, choose


def looks(*values: tuple[float, float]) -> list[dict]:
    """Rows with an information and a divergence; the first is the source model."""
    names = ['source', *(f'step {25 * i}' for i in range(1, len(values)))]
    return [
        dict(name=name, step=25.0 * i, information=information, share_divergence=divergence)
        for i, (name, (information, divergence)) in enumerate(zip(names, values, strict=True))
    ]


def test_lowest_information() -> None:
    choice = choose(looks((-0.5, 0), (-0.6, 0.01), (-0.7, 0.02), (-0.65, 0.03)))
    assert (choice.index, choice.verdict) == (2, ADAPTED)
    assert 'information -0.700' in choice.reasons[0]
    assert 'the model after 50 steps differ by' in choice.reasons[1]


def test_nothing_behind_a_divergence() -> None:
    """Also not a look that has come back."""
    choice = choose(looks((-0.5, 0), (-0.6, 0.05), (-0.9, 0.09), (-0.95, 0.01)))
    assert (choice.index, choice.verdict) == (1, ADAPTED)
    assert choose(looks((-0.5, 0), (-0.9, 0.09)), Limits(0.1)).index == 1


def test_collapse() -> None:
    choice = choose(looks((-0.5, 0), (-0.45, 0.05), (-0.4, 0.2)))
    assert (choice.index, choice.verdict) == (0, COLLAPSE)
    assert 'of the model after 50 steps differ by 0.200 nats' in choice.reasons[0]
    assert choose(looks((-0.5, 0), (-0.9, 0.3))).verdict == COLLAPSE


def test_unclear() -> None:
    assert choose(looks((-0.5, 0), (-0.49, 0.01))).verdict == UNCLEAR
    assert choose(looks((-0.5, 0))).verdict == UNCLEAR
    assert choose(looks((-0.5, 0), (-0.504, 0.01))).verdict == UNCLEAR  # too little
    assert choose(looks((-0.5, 0), (-0.506, 0.01))).verdict == ADAPTED
    with pytest.raises(ValueError, match='at least one look'):
        choose([])
