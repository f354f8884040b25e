"""Which images are shown, by hand."""

import numpy as np
import pytest

from mmseg_maxsquare.analysis.disagreement import choose, disagreement


def test_disagreement() -> None:
    """Of three labelled pixels, all agree on one; pixels without label do not count."""
    truth = np.array([[0, 0], [4, 255]])
    maps = [np.array(m) for m in ([[1, 1], [2, 7]], [[1, 1], [3, 8]], [[1, 0], [3, 9]])]
    assert disagreement(maps, truth) == pytest.approx(2 / 3)
    assert disagreement(maps[:2], truth) == pytest.approx(1 / 3)
    assert disagreement(maps, np.full((2, 2), 255)) == 0


def test_most_different_first_then_others_at_random() -> None:
    shares = [0.1, 0.4, 0.2, 0.4, 0.3, 0.0]
    chosen = choose(shares, 3, 2, seed=0)
    assert list(chosen)[:3] == [1, 3, 4]
    assert list(chosen)[3:] == sorted(set(chosen) - {1, 3, 4}) and len(chosen) == 5
    assert list(chosen.values()) == [
        *(f'most different ({i})' for i in (1, 2, 3)),
        *['at random (seed 0)'] * 2,
    ]
    assert choose(shares, 3, 2, seed=0) == chosen
    others = {tuple(choose(shares, 0, 2, seed=seed)) for seed in range(20)}
    assert len(others) > 5
    assert sorted(choose(shares, 4, 9, seed=0)) == list(range(6))
