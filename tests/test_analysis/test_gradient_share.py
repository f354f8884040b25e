"""Gradients against autograd of the package's losses, their shares by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mmseg_maxsquare.analysis import gradient_share
from mmseg_maxsquare.analysis.figure1 import entropy_gradient, max_square_gradient
from mmseg_maxsquare.analysis.gradient_share import (
    BINS,
    HIGHEST,
    LOSSES,
    LOWEST,
    by_logits,
    by_probabilities,
    decile_starts,
    decile_sums,
    image_sums,
    log_odds,
    percent,
    summary,
)
from mmseg_maxsquare.losses import entropy_loss, max_square_loss

AUTOGRAD = [
    lambda z: entropy_loss(z),
    lambda z: entropy_loss(z, gamma=0.1),
    lambda z: max_square_loss(z),
    lambda z: max_square_loss(z, alpha=0.2),
]


def random_logits(classes: int = 5) -> Tensor:
    """One image, double precision."""
    return 3 * torch.randn(1, classes, 6, 7, dtype=torch.float64)


@pytest.mark.parametrize(('name', 'loss'), list(zip(LOSSES, AUTOGRAD, strict=True)))
def test_logits_as_autograd(name: str, loss) -> None:
    logits = random_logits().requires_grad_()
    loss(logits).backward()
    found = by_logits(LOSSES[name](logits.detach()), logits.detach().softmax(1))
    torch.testing.assert_close(found, logits.grad.norm(dim=1)[0], atol=1e-12, rtol=1e-9)


def test_probabilities_as_autograd() -> None:
    """Of Eq. 3 and 6 written down for p itself."""
    p = random_logits().softmax(1).requires_grad_()
    for loss, name in ((-(p * p.log()), 'entropy'), (-p.square() / 2, 'maximum squares')):
        (slope,) = torch.autograd.grad(loss.sum() / 42, p)
        expected = (slope - slope.mean(1, keepdim=True)).norm(dim=1)[0]
        found = by_probabilities(LOSSES[name](p.detach().log()), p)
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-9)


def test_two_classes_are_figure_1() -> None:
    """Up to one factor for each loss; Eq. 7 is twice Eq. 6."""
    p = torch.tensor([0.03, 0.4, 0.5, 0.9], dtype=torch.float64)
    both = torch.stack([p, 1 - p])[None, :, None]  # four pixels
    entropy, square = (
        4 * by_probabilities(LOSSES[name](both.log()), both)[0].numpy()
        for name in ('entropy', 'maximum squares')
    )
    np.testing.assert_allclose(entropy, entropy_gradient(p.numpy()) / 2**0.5, atol=1e-12)
    np.testing.assert_allclose(square, max_square_gradient(p.numpy()) / 8**0.5, atol=1e-12)


def test_log_odds() -> None:
    """log 9 at 0.9; and finite where single precision rounds p to 1."""
    p = torch.tensor([0.9, 0.06, 0.04])
    logits = torch.stack([p.log(), torch.tensor([30.0, 0.0, 0.0])], dim=1)[None, :, None]
    found = log_odds(logits)[0].tolist()
    assert found == pytest.approx([np.log(9), 30 - np.log(2)], abs=1e-5)


def test_sums_of_an_image() -> None:
    """Every pixel in one bin and one class; both add up to the same."""
    logits = random_logits()
    by_bin, by_class = image_sums(logits)
    assert by_bin.shape == (9, BINS) and by_class.shape == (9, 5)
    assert by_class[0].tolist() == torch.bincount(logits.argmax(1).flatten(), None, 5).tolist()
    np.testing.assert_allclose(by_bin.sum(1), by_class.sum(1), rtol=1e-12)
    assert by_bin[0].sum() == 42
    bins = np.flatnonzero(by_bin[0])
    edges = LOWEST + np.array([bins[0], bins[-1] + 1]) * (HIGHEST - LOWEST) / BINS
    odds = log_odds(logits)
    assert edges[0] <= odds.min() and odds.max() < edges[1]


def test_deciles_divide_a_bin() -> None:
    """20 pixels: bins of 3, 0, 7 and 10; a decile is 2 of them."""
    by_bin = np.array([[3.0, 0.0, 7.0, 10.0], [3.0, 0.0, 14.0, 30.0]])
    found = decile_sums(by_bin)
    assert found[0].tolist() == pytest.approx([2] * 10)
    assert found[1].tolist() == pytest.approx([2, 3, 4, 4, 4, 6, 6, 6, 6, 6])


def test_deciles_of_real_magnitudes() -> None:
    """Against sorting the pixels, where every decile is whole pixels in bins of their own."""
    logits = 3 * torch.randn(1, 4, 10, 20, dtype=torch.float64)
    values = gradient_share.magnitudes(logits)[:, log_odds(logits).flatten().argsort()]
    expected = values.view(9, 10, 20).sum(2).numpy()
    np.testing.assert_allclose(decile_sums(image_sums(logits)[0]), expected, rtol=0.02)


def test_decile_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the pixels from log odds 0 on (50 %), half from 2 on."""
    monkeypatch.setattr(gradient_share, 'BINS', 4)
    monkeypatch.setattr(gradient_share, 'LOWEST', -2.0)
    monkeypatch.setattr(gradient_share, 'HIGHEST', 6.0)
    found = decile_starts(np.array([0.0, 5.0, 5.0, 0.0]))
    assert found[:5].tolist() == [50.0] * 5
    assert found[5:].tolist() == pytest.approx([100 / (1 + np.exp(-2))] * 5)


def test_summary() -> None:
    """Shares of the tenths, ratios of the classes that are predicted."""
    deciles = percent(np.tile(np.arange(1.0, 11.0), (9, 1)))  # of 55
    classes = np.tile([60.0, 0.0, 40.0], (9, 1))
    classes[1:] = [75.0, 0.0, 25.0]
    lines = summary(deciles, classes, ['road', 'train', 'car']).splitlines()
    assert lines[2] == '| probabilities | entropy | 1.8 | 27.3 | 18.2 |'
    assert lines[11] == '| gradient by | loss | road (60.0 %) | car (40.0 %) |'
    assert lines[-1] == '| logits | maximum squares, IW 0.2 | 1.25 | 0.62 |'
