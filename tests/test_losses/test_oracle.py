"""Every entry of the oracle: the paper's formulas and the authors' released modules."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mmseg_maxsquare.losses import class_counts, entropy_loss, max_square_loss, pearson_chi2
from mmseg_maxsquare.models import self_produced_guidance

ALPHAS = (0.0, 0.2, 0.5)
DELTAS = (0.95, 0.8)
PAPER = {
    'entropy_eq3': (entropy_loss, {}),
    'scaled_entropy_gamma0.05': (entropy_loss, {'gamma': 0.05}),
    'maxsquare_eq6': (max_square_loss, {}),
    **{f'iw_maxsquare_eq13_alpha{a}': (max_square_loss, {'alpha': a}) for a in ALPHAS},
    **{f'iw_entropy_alpha{a}': (entropy_loss, {'alpha': a}) for a in ALPHAS},
}
# Ours keeps the 1/2 of Eq. 13, which the released IW loss drops.
RELEASED = {
    'entropy': (entropy_loss, {}, 1),
    'maxsquare': (max_square_loss, {}, 1),
    **{f'iw_maxsquare_alpha{a}': (max_square_loss, {'alpha': a}, 2) for a in ALPHAS},
    **{f'iw_entropy_alpha{a}': (entropy_loss, {'alpha': a}, 1) for a in ALPHAS},
}


@pytest.fixture(scope='module')
def oracle(shared: Path) -> dict[str, Tensor]:
    with np.load(shared / 'oracle' / 'losses.npz') as arrays:
        return {name: torch.from_numpy(np.array(arrays[name])) for name in arrays.files}


@pytest.mark.parametrize('name', PAPER)
def test_paper_loss(oracle: dict[str, Tensor], name: str) -> None:
    function, kwargs = PAPER[name]
    logits = oracle['logits'].clone().requires_grad_()
    value = function(logits, **kwargs)
    (grad,) = torch.autograd.grad(value, logits)
    torch.testing.assert_close(value.detach(), oracle[f'paper_{name}'], rtol=0, atol=1e-10)
    torch.testing.assert_close(grad, oracle[f'paper_{name}_grad'], rtol=0, atol=1e-10)


@pytest.mark.parametrize('name', RELEASED)
def test_released_loss(oracle: dict[str, Tensor], name: str) -> None:
    """With the argmax weighting and the division by C; the IW ones saw image 0 alone."""
    function, kwargs, factor = RELEASED[name]
    images = 1 if name.startswith('iw') else 2
    logits = oracle['logits'][:images].float().requires_grad_()
    value = factor * function(logits, weight_by='argmax', class_average=True, **kwargs)
    (grad,) = torch.autograd.grad(value, logits)
    expected_grad = oracle[f'released_{name}_grad']
    torch.testing.assert_close(value.detach(), oracle[f'released_{name}'], rtol=1e-5, atol=0)
    tolerance = 1e-5 * expected_grad.abs().max().item()
    torch.testing.assert_close(grad, expected_grad, rtol=1e-5, atol=tolerance)


def test_class_counts(oracle: dict[str, Tensor]) -> None:
    expected = oracle['paper_class_counts_eq12']
    assert expected[1, 3] == 0
    assert class_counts(oracle['logits']).tolist() == expected.tolist()


def test_pearson_chi2(oracle: dict[str, Tensor]) -> None:
    torch.testing.assert_close(
        pearson_chi2(oracle['logits']), oracle['paper_chi2_eq10'], rtol=0, atol=1e-10
    )


@pytest.mark.parametrize('delta', DELTAS)
@pytest.mark.parametrize('origin, mask', [('paper', 'ensemble_class'), ('released', 'any_class')])
def test_guidance(oracle: dict[str, Tensor], origin: str, mask: str, delta: float) -> None:
    equation = {'paper': 'guidance_eq15', 'released': 'guidance'}[origin]
    expected = oracle[f'{origin}_{equation}_delta{delta}']
    labels = self_produced_guidance(oracle['logits'], oracle['low_logits'], delta, mask)
    assert 0 < (expected == 255).sum() < expected.numel()
    assert torch.equal(labels, expected)


def test_no_entry_is_left_out(oracle: dict[str, Tensor]) -> None:
    losses = {f'paper_{name}' for name in PAPER} | {f'released_{name}' for name in RELEASED}
    seen = losses | {f'{name}_grad' for name in losses}
    seen |= {'logits', 'low_logits', 'paper_class_counts_eq12', 'paper_chi2_eq10'}
    seen |= {f'paper_guidance_eq15_delta{d}' for d in DELTAS}
    seen |= {f'released_guidance_delta{d}' for d in DELTAS}
    assert seen == set(oracle)
