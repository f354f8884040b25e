"""Ignored and weighted pixels, images without any, and how maps lie in memory."""

from collections.abc import Callable

import pytest
import torch

from mmseg_maxsquare.losses import image_wise_weight, max_square_loss

from .loss_cases import FUNCTIONS, WEIGHTINGS, mask_for, random_logits, value_and_grad

# Ignored pixels


@WEIGHTINGS
@FUNCTIONS
def test_ignoring_pixels_equals_removing_them(function: Callable, weighting: dict) -> None:
    logits = random_logits(2, 5, 6, 4)
    ignore = torch.zeros(2, 6, 4, dtype=torch.bool)
    ignore[:, 4:] = True
    torch.testing.assert_close(
        function(logits, ignore=ignore, **weighting),
        function(logits[:, :, :4], **weighting),
        rtol=0,
        atol=1e-12,
    )


@pytest.mark.parametrize('junk', [50.0, float('nan'), float('inf')])
@WEIGHTINGS
@FUNCTIONS
def test_what_is_ignored_has_no_effect(function: Callable, weighting: dict, junk: float) -> None:
    logits = random_logits(2, 5, 6, 4)
    ignore = mask_for(logits)
    clean, clean_grad = value_and_grad(function(logits, ignore=ignore, **weighting), logits)

    spoilt = logits.detach().clone()
    spoilt.movedim(1, -1)[ignore] = torch.tensor([junk, 0, 0, 0, 0], dtype=torch.float64)
    spoilt.requires_grad_()
    value, grad = value_and_grad(function(spoilt, ignore=ignore, **weighting), spoilt)

    assert torch.equal(value, clean)
    assert torch.equal(grad, clean_grad)
    assert (grad.movedim(1, -1)[ignore] == 0).all()
    assert (grad.movedim(1, -1)[~ignore] != 0).any(-1).all()


@WEIGHTINGS
@FUNCTIONS
def test_a_wholly_ignored_image_gives_zero_and_the_other_still_counts(
    function: Callable, weighting: dict
) -> None:
    logits = random_logits(2, 5, 6, 4)
    ignore = torch.zeros(2, 6, 4, dtype=torch.bool)
    ignore[0] = True
    value, grad = value_and_grad(function(logits, ignore=ignore, **weighting), logits)
    alone, alone_grad = value_and_grad(function(logits[1:], **weighting), logits)
    torch.testing.assert_close(value, alone / 2, rtol=0, atol=1e-12)
    torch.testing.assert_close(grad, alone_grad / 2, rtol=0, atol=1e-12)
    assert (grad[0] == 0).all()
    assert function(logits[:1], ignore=ignore[:1], **weighting).item() == 0


@FUNCTIONS
def test_an_image_without_pixels_gives_zero(function: Callable) -> None:
    assert function(torch.zeros(2, 5, 0, 4)).item() == 0


@WEIGHTINGS
@FUNCTIONS
def test_memory_layout_changes_nothing(function: Callable, weighting: dict) -> None:
    logits = random_logits(2, 5, 6, 4)
    weight = torch.rand(2, 6, 4, dtype=torch.float64)
    expected = function(logits, weight=weight, **weighting)
    for other in (
        logits.contiguous(memory_format=torch.channels_last),
        logits.mT.contiguous().mT,
        logits.transpose(0, 2).contiguous().transpose(0, 2),
    ):
        torch.testing.assert_close(function(other, weight=weight, **weighting), expected)
    torch.testing.assert_close(
        function(logits, weight=weight.mT.contiguous().mT, **weighting), expected
    )


@WEIGHTINGS
@FUNCTIONS
def test_memory_layout_of_the_mask_changes_nothing(function: Callable, weighting: dict) -> None:
    """A transposed mask, as a label map that was rotated gives one."""
    logits = random_logits(2, 5, 6, 4)
    ignore = mask_for(logits)
    torch.testing.assert_close(
        function(logits, ignore=ignore.mT.contiguous().mT, **weighting),
        function(logits, ignore=ignore, **weighting),
    )


# Weights


@FUNCTIONS
def test_weight_map_scales_each_pixel_and_keeps_the_count(function: Callable) -> None:
    """Against the sum over single pixels, each of which is an image of its own."""
    logits = random_logits(1, 4, 2, 3)
    weight = torch.tensor([[[0.0, 1, 2], [0.5, 3, 1]]], dtype=torch.float64)
    pixels = [function(logits[:, :, y, x]) * weight[0, y, x] for y in range(2) for x in range(3)]
    torch.testing.assert_close(function(logits, weight=weight), sum(pixels) / 6)


@pytest.mark.parametrize('weight_by', ['class', 'argmax'])
@FUNCTIONS
def test_no_gradient_flows_through_the_weights(function: Callable, weight_by: str) -> None:
    logits = random_logits(1, 4, 3, 3)
    weights = image_wise_weight(logits, 0.2, weight_by)
    assert not weights.requires_grad

    _, grad = value_and_grad(function(logits, alpha=0.2, weight_by=weight_by), logits)
    p = logits.softmax(1)
    terms = -p * p / 2 if function is max_square_loss else -p * p.log()
    _, expected = value_and_grad((terms * weights.detach()).sum(), logits)
    torch.testing.assert_close(grad, expected, rtol=0, atol=1e-12)


def test_an_absent_class_is_harmless_at_full_size() -> None:
    """p = 0.01 on a class that no pixel is predicted as.

    Its count of 0 is clamped before the power; clamping the product instead
    would give these pixels the factor 1 and the loss a term of -26.
    """
    classes, height, width, absent = 19, 512, 1024, 18
    p = torch.zeros(classes)
    p[0], p[absent] = 0.99, 0.01
    logits = p.log().clamp(min=-1000).view(1, -1, 1, 1).expand(1, classes, height, width)
    loss = max_square_loss(logits, alpha=0.2).item()
    present = -0.5 * 0.99**2
    assert abs(loss - present) < 1e-3
    assert loss - present == pytest.approx(-0.5 * 0.01**2 * (height * width) ** 0.2, rel=0.01)
