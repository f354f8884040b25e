"""What the tests of the loss functions share: functions, weightings, logits and masks."""

import pytest
import torch
from torch import Tensor

from mmseg_maxsquare.losses import entropy_loss, max_square_loss

from . import slow_reference as slow

SHAPES = [(3, 4), (2, 4, 2, 3), (2, 3, 2, 2, 2)]
# Name, our function, term of the slow one.
LOSSES = {
    'max_square': (max_square_loss, slow.max_square, {}),
    'entropy': (entropy_loss, slow.entropy, {}),
    'scaled_entropy': (entropy_loss, slow.scaled_entropy(0.05), {'gamma': 0.05}),
}
FUNCTIONS = pytest.mark.parametrize('function', [max_square_loss, entropy_loss])
WEIGHTINGS = pytest.mark.parametrize(
    'weighting',
    [{}, {'alpha': 0.2}, {'alpha': 0.2, 'weight_by': 'argmax'}],
    ids=['plain', 'class', 'argmax'],
)


def random_logits(*shape: int, dtype: torch.dtype = torch.float64, scale: float = 2) -> Tensor:
    """Confident enough for the classes to be counted unevenly."""
    return (scale * torch.randn(*shape, dtype=torch.float64)).to(dtype).requires_grad_()


def mask_for(logits: Tensor, share: float = 0.4) -> Tensor:
    """Ignore mask that leaves each image at least one pixel and takes at least one in all."""
    mask = torch.rand(logits.shape[0], *logits.shape[2:]) < share
    flat = mask.view(len(mask), -1)
    flat[:, 0] = False
    flat[0, -1] = True
    return mask


def value_and_grad(loss: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    (grad,) = torch.autograd.grad(loss, logits)
    return loss.detach(), grad
