"""Information maximisation against a second implementation, values and gradients."""

import math

import pytest
import torch
from torch import Tensor

from mmseg_maxsquare.losses import InformationMaximisationLoss, information_maximisation_loss


def by_hand(logits: Tensor, ignore: Tensor | None = None) -> Tensor:
    """The loss from a list of pixels."""
    pixels = logits.movedim(1, -1).reshape(-1, logits.shape[1])
    if ignore is not None:
        pixels = pixels[~ignore.reshape(-1)]
    p = pixels.softmax(1)
    mean = p.mean(0)
    return -(p * p.log()).sum(1).mean() + (mean * mean.log()).sum()


@pytest.mark.parametrize('shape', [(3, 5), (2, 4, 6), (2, 3, 4, 5), (1, 2, 2, 3, 2)])
def test_equals_the_list_of_pixels(shape: tuple[int, ...]) -> None:
    logits = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(information_maximisation_loss(logits), by_hand(logits))
    ignore = torch.zeros(shape[0], *shape[2:], dtype=torch.bool)
    ignore.view(-1)[0] = True
    torch.testing.assert_close(
        information_maximisation_loss(logits, ignore), by_hand(logits, ignore)
    )


def test_bounds() -> None:
    """-log C for confident predictions of all classes, 0 for equal predictions."""
    one_hot = 50 * torch.eye(4, dtype=torch.float64)
    torch.testing.assert_close(
        information_maximisation_loss(one_hot), torch.tensor(-math.log(4), dtype=torch.float64)
    )
    same = torch.tensor([[1.0, 2.0, 3.0]]).repeat(5, 1)
    assert information_maximisation_loss(same).abs() < 1e-6


def test_gradient() -> None:
    logits = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    ignore = torch.tensor([[True, False, False, False]] * 2)
    assert torch.autograd.gradcheck(lambda x: information_maximisation_loss(x, ignore), logits)
    information_maximisation_loss(logits, ignore).backward()
    assert logits.grad is not None
    assert (logits.grad[:, :, 0] == 0).all()


def test_an_underflown_class_has_a_finite_gradient() -> None:
    logits = torch.tensor([[0.0, -1e4], [0.0, -1e4]], requires_grad=True)
    information_maximisation_loss(logits).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_no_pixel_counts() -> None:
    assert information_maximisation_loss(torch.randn(1, 3, 2), torch.ones(1, 2).bool()) == 0


def test_module() -> None:
    """Weight and mask of mmseg's call; weights of pixels are refused."""
    logits, label = torch.randn(1, 3, 4), torch.tensor([[0, 255, 1, 2]])
    loss = InformationMaximisationLoss(loss_weight=0.5)
    expected = 0.5 * information_maximisation_loss(logits, label == 255)
    torch.testing.assert_close(loss(logits, label), expected)
    with pytest.raises(ValueError, match='no weights of pixels'):
        loss(logits, weight=torch.ones(1, 4))
    with pytest.raises(TypeError, match='floating point'):
        loss(torch.ones(1, 3, 4, dtype=torch.long))
