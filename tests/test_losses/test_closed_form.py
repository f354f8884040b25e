"""What the losses keep alive between forward and backward, and at the ends of the range."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from mmseg_maxsquare.losses import entropy_loss, max_square_loss

FUNCTIONS = pytest.mark.parametrize('function', [max_square_loss, entropy_loss])
WEIGHTINGS = pytest.mark.parametrize(
    'weighting',
    [
        {},
        {'alpha': 0.2},
        {'alpha': 0.2, 'weight_by': 'argmax'},
        {'ignore': torch.arange(12).view(1, 3, 4) > 8},
        {'weight': torch.ones(1, 3, 4)},
        {'class_average': True},
    ],
    ids=['plain', 'class', 'argmax', 'ignore', 'weight', 'class_average'],
)


def saved_bytes(function: Callable, logits: Tensor, **kwargs) -> dict[int, int]:
    """Bytes of every storage that backward will need, by its address."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        function(logits, **kwargs)
    return kept


@WEIGHTINGS
@FUNCTIONS
def test_one_map_is_kept(function: Callable, weighting: dict) -> None:
    """Of the size of the logits: 5 x 12 floats; the others have one value a pixel or fewer."""
    logits = torch.randn(1, 5, 3, 4, requires_grad=True)
    sizes = sorted(saved_bytes(function, logits, **weighting).values())
    small = 12 * (4 + 1)  # a factor and a mask of the pixels
    assert sizes[-1] == logits.numel() * 4
    assert sum(sizes[:-1]) <= small


@FUNCTIONS
def test_half_precision_keeps_one_map_too(function: Callable) -> None:
    logits = torch.randn(1, 5, 3, 4, dtype=torch.bfloat16, requires_grad=True)
    sizes = saved_bytes(function, logits).values()
    assert max(sizes) == 5 * 12 * 4 and sum(sizes) < 6 * 12 * 4
    function(logits).backward()
    assert logits.grad.dtype == torch.bfloat16


@pytest.mark.parametrize('gamma', [0.0, 0.1])
def test_ruled_out_classes_of_the_entropy(gamma: float) -> None:
    """A logit of -inf is a probability of 0, which adds nothing."""
    logits = torch.tensor([[1.0, 2.0, -torch.inf]], dtype=torch.float64, requires_grad=True)
    loss = entropy_loss(logits, gamma=gamma)
    loss.backward()
    p = torch.cat([logits[0, :2].detach().softmax(0), torch.zeros(1, dtype=torch.float64)])
    q = (1 - 2 * gamma) * p + gamma
    assert loss.item() == pytest.approx(-torch.xlogy(q, q).sum().item(), rel=1e-12)
    assert logits.grad[0, 2] == 0
    assert logits.grad.sum().item() == pytest.approx(0, abs=1e-12)


@FUNCTIONS
@pytest.mark.parametrize('scale', [1e4, 1e30])
def test_extreme_logits_are_one_hot(function: Callable, scale: float) -> None:
    logits = (torch.eye(4) * scale).requires_grad_()
    loss = function(logits)
    loss.backward()
    assert loss.item() == (-0.5 if function is max_square_loss else 0.0)
    assert torch.equal(logits.grad, torch.zeros(4, 4))


@FUNCTIONS
@pytest.mark.parametrize('shape', [(0, 3), (0, 3, 2, 2)])
def test_a_batch_without_images_is_zero(function: Callable, shape: tuple) -> None:
    ignore = torch.zeros(shape[0], *shape[2:], dtype=torch.bool)
    for weighting in ({}, {'alpha': 0.2}, {'ignore': ignore}):
        assert function(torch.zeros(shape), **weighting) == 0
