"""The annealing of Section 4.2 against its formula."""

import pytest
import torch
from mmseg.registry import PARAM_SCHEDULERS

from mmseg_maxsquare.engine import InverseDecayLR


def rates(steps: int, **kwargs) -> list[float]:
    """Rate of each step of a run from 1."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = InverseDecayLR(optimizer, by_epoch=False, **kwargs)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    return found


def test_values_by_hand() -> None:
    """(1 + 15 p) ** -0.5 at p = 0, 1/5, ...: 1, 1/2, 1/sqrt(7), 1/sqrt(10), 1/sqrt(13)."""
    expected = [1, 1 / 2, 7**-0.5, 10**-0.5, 13**-0.5]
    assert rates(5, end=5, alpha=15.0, beta=0.5) == pytest.approx(expected, rel=1e-14)


def test_defaults_are_the_papers() -> None:
    assert rates(11, end=11) == pytest.approx([(1 + 10 * i / 11) ** -0.75 for i in range(11)])


def test_stays_where_it_is_behind_the_end() -> None:
    found = rates(6, end=3)
    assert found[2:] == [found[2]] * 4


def test_chains_with_other_schedulers() -> None:
    """A factor that something else puts on the rate stays."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = InverseDecayLR(optimizer, end=4, by_epoch=False)
    optimizer.param_groups[0]['lr'] *= 0.5
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]['lr'] == pytest.approx(0.5 * 3.5**-0.75)


def test_registered() -> None:
    assert PARAM_SCHEDULERS.get('InverseDecayLR') is InverseDecayLR


@pytest.mark.parametrize('wrong', [dict(), dict(end=3, alpha=-1.0), dict(end=3, beta=-0.1)])
def test_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match='InverseDecayLR: '):
        rates(1, **wrong)
