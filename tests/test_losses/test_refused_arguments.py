"""What the loss functions refuse."""

from collections.abc import Callable

import pytest
import torch

from mmseg_maxsquare.losses import entropy_loss, image_wise_weight, max_square_loss, pearson_chi2

from .loss_cases import FUNCTIONS


@pytest.mark.parametrize('alpha', [-0.1, 1.1, float('nan')])
@pytest.mark.parametrize('function', [max_square_loss, entropy_loss, image_wise_weight])
def test_alpha_outside_0_to_1_is_refused(function: Callable, alpha: float) -> None:
    with pytest.raises(ValueError, match=rf'alpha must lie in \[0, 1\].*got {alpha}'):
        function(torch.zeros(1, 3, 2, 2), alpha)


@pytest.mark.parametrize('function', [max_square_loss, entropy_loss, image_wise_weight])
def test_unknown_weight_by_is_refused(function: Callable) -> None:
    with pytest.raises(ValueError, match="weight_by must be one of .*'class', 'argmax'.*got 'x'"):
        function(torch.zeros(1, 3, 2, 2), 0.2, 'x')


@pytest.mark.parametrize('gamma', [-0.1, 0.5, float('nan')])
def test_gamma_outside_0_to_a_half_is_refused(gamma: float) -> None:
    with pytest.raises(ValueError, match=rf'gamma must lie in \[0, 0.5\).*got {gamma}'):
        entropy_loss(torch.zeros(1, 3, 2, 2), gamma=gamma)


@pytest.mark.parametrize('function', [max_square_loss, entropy_loss, pearson_chi2])
def test_logits_that_are_no_logits_are_refused(function: Callable) -> None:
    with pytest.raises(TypeError, match='logits must be floating point, got torch.int64'):
        function(torch.zeros(1, 3, 2, 2, dtype=torch.long))
    with pytest.raises(ValueError, match=r'at least 2 classes, got \(1, 1, 2, 2\)'):
        function(torch.zeros(1, 1, 2, 2))
    with pytest.raises(ValueError, match=r'shape \(B, C, \*spatial\).*got \(3,\)'):
        function(torch.zeros(3))


@pytest.mark.parametrize('name', ['ignore', 'weight'])
@pytest.mark.parametrize('shape', [(2, 2), (1, 2, 3), (1, 1, 2, 2)], ids=str)
@FUNCTIONS
def test_maps_of_another_shape_are_refused(
    function: Callable, shape: tuple[int, ...], name: str
) -> None:
    with pytest.raises(ValueError, match=rf'{name} must have one value per pixel, shape \(1, 2, '):
        function(torch.zeros(1, 3, 2, 2), **{name: torch.ones(shape, dtype=torch.bool)})


@FUNCTIONS
def test_a_mask_that_is_not_boolean_is_refused(function: Callable) -> None:
    """``~`` of an integer mask would be -1 and -2 and give a wrong loss silently."""
    with pytest.raises(TypeError, match='ignore must be a boolean mask, got torch.uint8'):
        function(torch.zeros(1, 3, 2, 2), ignore=torch.zeros(1, 2, 2, dtype=torch.uint8))
