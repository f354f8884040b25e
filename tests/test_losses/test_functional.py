"""The loss functions: a second implementation, closed forms, invariances."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from mmseg_maxsquare.losses import (
    class_counts,
    entropy_loss,
    image_wise_weight,
    max_square_loss,
    pearson_chi2,
)

from . import slow_reference as slow
from .loss_cases import (
    FUNCTIONS,
    LOSSES,
    SHAPES,
    WEIGHTINGS,
    mask_for,
    random_logits,
    value_and_grad,
)

# Against the slow reference


@pytest.mark.parametrize('ignored', [False, True])
@pytest.mark.parametrize('class_average', [False, True])
@pytest.mark.parametrize('weight_by', ['class', 'argmax'])
@pytest.mark.parametrize('alpha', [0.0, 0.2, 0.5])
@pytest.mark.parametrize('shape', SHAPES, ids=str)
@pytest.mark.parametrize('name', LOSSES)
def test_value_and_gradient_equal_the_slow_reference(
    name: str,
    shape: tuple[int, ...],
    alpha: float,
    weight_by: str,
    class_average: bool,
    ignored: bool,
) -> None:
    function, term, extra = LOSSES[name]
    logits = random_logits(*shape)
    ignore = mask_for(logits) if ignored else None
    kwargs = dict(alpha=alpha, weight_by=weight_by, class_average=class_average, ignore=ignore)

    value, grad = value_and_grad(function(logits, **kwargs, **extra), logits)
    expected, expected_grad = value_and_grad(slow.image_mean_loss(term, logits, **kwargs), logits)

    torch.testing.assert_close(value, expected, rtol=0, atol=1e-10)
    torch.testing.assert_close(grad, expected_grad, rtol=0, atol=1e-10)


@pytest.mark.parametrize('ignored', [False, True])
@pytest.mark.parametrize('shape', SHAPES, ids=str)
def test_class_counts_equal_the_slow_reference(shape: tuple[int, ...], ignored: bool) -> None:
    logits = random_logits(*shape)
    ignore = mask_for(logits) if ignored else None
    expected = [
        slow.class_counts(slow.counted_pixels(logits, ignore, b), shape[1]) for b in range(shape[0])
    ]
    counts = class_counts(logits, ignore)
    assert counts.dtype == torch.int64
    assert counts.tolist() == expected


@pytest.mark.parametrize('shape', SHAPES, ids=str)
def test_pearson_chi2_equals_the_slow_reference(shape: tuple[int, ...]) -> None:
    logits = random_logits(*shape)
    chi2 = pearson_chi2(logits)
    assert chi2.shape == (shape[0], *shape[2:])
    torch.testing.assert_close(
        chi2.flatten(), slow.pearson_chi2(logits).flatten(), rtol=0, atol=1e-10
    )


# Closed forms


@pytest.mark.parametrize('classes', [2, 5, 19])
@pytest.mark.parametrize('shape', [(), (3, 4), (2, 3, 2)], ids=str)
def test_uniform_and_one_hot_predictions(classes: int, shape: tuple[int, ...]) -> None:
    uniform = torch.full((2, classes, *shape), 3.0, dtype=torch.float64)
    one_hot = torch.zeros(2, classes, *shape, dtype=torch.float64)
    one_hot[:, classes - 1] = 1000
    assert max_square_loss(uniform).item() == pytest.approx(-1 / (2 * classes), abs=1e-12)
    assert max_square_loss(one_hot).item() == pytest.approx(-1 / 2, abs=1e-12)
    assert entropy_loss(uniform).item() == pytest.approx(math.log(classes), abs=1e-12)
    assert entropy_loss(one_hot).item() == pytest.approx(0, abs=1e-12)
    expected = torch.zeros(2, *shape, dtype=torch.float64)
    torch.testing.assert_close(pearson_chi2(uniform), expected)
    torch.testing.assert_close(pearson_chi2(one_hot), expected + classes - 1)


@pytest.mark.parametrize('p', [0.5, 0.7, 0.99])
def test_two_classes_are_half_of_eq_7(p: float) -> None:
    """Eq. 7 has no 1/2: its loss is -p^2 - (1 - p)^2 and its slope 4p - 2 (Eq. 8)."""
    score = torch.tensor(math.log(p / (1 - p)), dtype=torch.float64, requires_grad=True)
    value, slope = value_and_grad(
        max_square_loss(torch.stack([score, torch.zeros_like(score)])[None]), score
    )
    assert 2 * value.item() == pytest.approx(-(p**2) - (1 - p) ** 2, abs=1e-12)
    # dp/dscore = p (1 - p)
    assert 2 * slope.item() == pytest.approx(-(4 * p - 2) * p * (1 - p), abs=1e-12)


def test_scaled_entropy_of_a_one_hot_prediction() -> None:
    """Its probabilities are 1 - gamma once and gamma otherwise (they need not sum to 1)."""
    gamma, classes = 0.1, 3
    one_hot = torch.tensor([[1000.0, 0, 0]], dtype=torch.float64)
    expected = -(1 - gamma) * math.log(1 - gamma) - (classes - 1) * gamma * math.log(gamma)
    assert entropy_loss(one_hot, gamma=gamma).item() == pytest.approx(expected, abs=1e-12)


def test_image_wise_weight_by_hand() -> None:
    """Six pixels: class 0 four times, class 1 twice, class 2 never."""
    predicted = torch.tensor([[[0, 0, 1], [0, 1, 0]]])
    logits = nn.functional.one_hot(predicted, 3).movedim(-1, 1).double()
    factor = [1 / (n**0.2 * 6**0.8) for n in (4, 2, 1)]

    by_class = image_wise_weight(logits, 0.2, 'class')
    by_argmax = image_wise_weight(logits, 0.2, 'argmax')

    assert by_class.shape == (1, 3, 1, 1)
    assert by_argmax.shape == (1, 1, 2, 3)
    torch.testing.assert_close(by_class.flatten(), torch.tensor(factor, dtype=torch.float64))
    torch.testing.assert_close(
        by_argmax[:, 0], torch.tensor(factor, dtype=torch.float64)[predicted]
    )


# Invariances


@WEIGHTINGS
@FUNCTIONS
def test_order_of_classes_and_shift_of_logits_change_nothing(
    function: Callable, weighting: dict
) -> None:
    logits = random_logits(2, 6, 4, 5)
    order = torch.randperm(6)
    expected = function(logits, **weighting).item()
    assert function(logits[:, order], **weighting).item() == pytest.approx(expected, abs=1e-12)
    assert function(logits + 7.5, **weighting).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize('weight_by', ['class', 'argmax'])
@FUNCTIONS
def test_alpha_zero_equals_the_plain_loss_bit_by_bit(function: Callable, weight_by: str) -> None:
    """With 41 pixels, for which 1 / 41 * 41 is not 1 in float32; and autograd agrees."""
    assert torch.tensor(1.0) / 41 * 41 != 1
    logits = random_logits(2, 6, 41, dtype=torch.float32)
    log_p = logits.log_softmax(1)
    p = logits.softmax(1)
    terms = -0.5 * p.square() if function is max_square_loss else -log_p.exp() * log_p
    naive, naive_grad = value_and_grad((terms.sum(1).sum(1) / 41).mean(), logits)
    plain, plain_grad = value_and_grad(function(logits), logits)

    value, grad = value_and_grad(function(logits, alpha=0.0, weight_by=weight_by), logits)

    assert torch.equal(value, plain)
    assert torch.equal(grad, plain_grad)
    torch.testing.assert_close(value, naive, rtol=1e-6, atol=0)
    torch.testing.assert_close(grad, naive_grad, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize('ignored', [False, True])
@WEIGHTINGS
@FUNCTIONS
def test_a_batch_is_the_mean_of_its_images(
    function: Callable, weighting: dict, ignored: bool
) -> None:
    logits = random_logits(2, 6, 4, 5)
    ignore = mask_for(logits) if ignored else None
    singles = [
        function(logits[b : b + 1], ignore=ignore[b : b + 1] if ignored else None, **weighting)
        for b in range(2)
    ]
    assert singles[0] != singles[1]
    torch.testing.assert_close(
        function(logits, ignore=ignore, **weighting), sum(singles) / 2, rtol=0, atol=1e-12
    )


@WEIGHTINGS
@FUNCTIONS
def test_class_average_divides_by_the_classes(function: Callable, weighting: dict) -> None:
    logits = random_logits(2, 6, 4, 5)
    averaged = function(logits, class_average=True, **weighting)
    torch.testing.assert_close(averaged * 6, function(logits, **weighting), rtol=0, atol=1e-12)
