"""Self-produced guidance: Eq. 15 and 16 by hand."""

import math

import pytest
import torch
from torch import Tensor

from mmseg_maxsquare.models import guidance_loss, self_produced_guidance

MASKS = pytest.mark.parametrize('mask', ['ensemble_class', 'any_class'])
NORMALIZERS = pytest.mark.parametrize('normalizer', ['all_pixels', 'guided_pixels'])
# Probabilities of the final and the low level for one pixel, the threshold, and
# the label by Eq. 15 and by the released code.
PIXELS = {
    'both sure': ([0.96, 0.03, 0.01], [0.97, 0.02, 0.01], 0.95, 0, 0),
    'only the final level sure': ([0.01, 0.03, 0.96], [0.2, 0.3, 0.5], 0.95, 2, 2),
    'only the low level sure': ([0.5, 0.4, 0.1], [0.01, 0.97, 0.02], 0.95, 1, 1),
    'neither sure': ([0.9, 0.06, 0.04], [0.94, 0.03, 0.03], 0.95, 255, 255),
    'sure together but not alone': ([0.7, 0.2, 0.1], [0.7, 0.1, 0.2], 0.8, 255, 255),
    # The final level is sure of class 0, the ensemble says 1 (0.94 against 0.86).
    'sure of another class': ([0.81, 0.19, 0.0], [0.05, 0.75, 0.2], 0.8, 255, 1),
    'sure of another class, 0.95': ([0.951, 0.049, 0.0], [0.0, 0.949, 0.051], 0.95, 255, 1),
}


def logits_of(*pixels: list[float]) -> Tensor:
    """One image, one row: log-probabilities ``(1, C, 1, W)``."""
    return torch.tensor(pixels, dtype=torch.float64).clamp(min=1e-30).log().t()[None, :, None]


# Eq. 15


@pytest.mark.parametrize('case', PIXELS)
def test_label_by_hand(case: str) -> None:
    final, low, threshold, paper, released = PIXELS[case]
    levels = logits_of(final), logits_of(low)
    assert self_produced_guidance(*levels, threshold).item() == paper
    assert self_produced_guidance(*levels, threshold, 'ensemble_class').item() == paper
    assert self_produced_guidance(*levels, threshold, 'any_class').item() == released


@MASKS
def test_threshold_must_be_exceeded(mask: str) -> None:
    even = torch.zeros(1, 2, 1, 1)
    assert self_produced_guidance(even, even, 0.5, mask).item() == 255
    assert self_produced_guidance(even, even, 0.4999, mask).item() == 0


@MASKS
@pytest.mark.parametrize('spatial', [(), (4,), (3, 4), (2, 3, 4)], ids=str)
def test_any_number_of_spatial_axes(spatial: tuple[int, ...], mask: str) -> None:
    """Each pixel by itself: the same labels as for one long row."""
    final, low = 3 * torch.randn(2, 2, 5, *spatial)
    labels = self_produced_guidance(final, low, 0.8, mask)
    row = self_produced_guidance(
        *(x.reshape(2, 5, 1, -1) for x in (final, low)), threshold=0.8, mask=mask
    )
    assert labels.shape == (2, *spatial)
    assert labels.dtype == torch.int64
    assert labels.flatten().tolist() == row.flatten().tolist()


@MASKS
def test_ignored_pixels_are_not_guided(mask: str) -> None:
    final, low = 3 * torch.randn(2, 2, 5, 6, 7)
    ignore = torch.rand(2, 6, 7) < 0.5
    free = self_produced_guidance(final, low, 0.8, mask)
    labels = self_produced_guidance(final, low, 0.8, mask, ignore)
    assert (free[ignore] != 255).any()
    assert (labels[ignore] == 255).all()
    assert torch.equal(labels[~ignore], free[~ignore])


@MASKS
def test_guidance_has_no_gradient(mask: str) -> None:
    final, low = torch.randn(2, 2, 5, 3, 3, requires_grad=True)
    labels = self_produced_guidance(final, low, 0.5, mask)
    assert not labels.requires_grad
    assert labels.grad_fn is None


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype: torch.dtype) -> None:
    final, low = (4 * torch.randn(2, 2, 5, 16, 16)).to(dtype)
    labels = self_produced_guidance(final, low, 0.9)
    assert torch.equal(labels, self_produced_guidance(final.float(), low.float(), 0.9))
    loss = guidance_loss(low, labels)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, guidance_loss(low.float(), labels))


@pytest.mark.parametrize('threshold', [-0.1, 0, 1, 1.5, float('nan')])
def test_threshold_outside_0_to_1_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=rf'threshold must lie in \(0, 1\).*got {threshold}'):
        self_produced_guidance(torch.zeros(1, 2, 1), torch.zeros(1, 2, 1), threshold)


def test_unknown_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="mask must be one of .*'any_class'.*got 'both'"):
        self_produced_guidance(torch.zeros(1, 2, 1), torch.zeros(1, 2, 1), mask='both')


def test_levels_of_different_size_are_refused() -> None:
    with pytest.raises(ValueError, match=r'one shape, got \(1, 2, 4\) and \(1, 2, 2\)'):
        self_produced_guidance(torch.zeros(1, 2, 4), torch.zeros(1, 2, 2))


# Eq. 16


@pytest.mark.parametrize('normalizer, counts', [('all_pixels', (4, 4)), ('guided_pixels', (3, 1))])
def test_loss_by_hand(normalizer: str, counts: tuple[int, int]) -> None:
    """Two images of four pixels, of which three and one are guided.

    The images are averaged, not the pixels of the batch.
    """
    low = torch.cat(
        [
            logits_of([0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.3, 0.3, 0.4]),
            logits_of([0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.3, 0.3, 0.4], [0.6, 0.2, 0.2]),
        ]
    )
    guidance = torch.tensor([[[0, 1, 0, 255]], [[255, 255, 1, 255]]])
    sums = -math.log(0.5 * 0.8 * 0.2), -math.log(0.3)
    expected = (sums[0] / counts[0] + sums[1] / counts[1]) / 2
    assert guidance_loss(low, guidance, normalizer).item() == pytest.approx(expected, abs=1e-12)


def test_all_pixels_is_the_default() -> None:
    low, guidance = torch.randn(1, 3, 2, 2), torch.tensor([[[0, 255], [2, 255]]])
    assert torch.equal(guidance_loss(low, guidance), guidance_loss(low, guidance, 'all_pixels'))


@pytest.mark.parametrize('normalizer, count', [('all_pixels', 3), ('guided_pixels', 2)])
def test_ignored_pixels_leave_the_count(normalizer: str, count: int) -> None:
    low = logits_of([0.5, 0.5], [0.2, 0.8], [0.9, 0.1], [0.4, 0.6])
    guidance = torch.tensor([[[0, 1, 255, 255]]])
    ignore = torch.tensor([[[False, False, False, True]]])
    expected = -math.log(0.5 * 0.8) / count
    loss = guidance_loss(low, guidance, normalizer, ignore)
    assert loss.item() == pytest.approx(expected, abs=1e-12)


@NORMALIZERS
def test_no_guidance_gives_zero_and_no_gradient(normalizer: str) -> None:
    low = torch.randn(2, 3, 4, 4, requires_grad=True)
    guidance = torch.full((2, 4, 4), 255)
    loss = guidance_loss(low, guidance, normalizer)
    (grad,) = torch.autograd.grad(loss, low)
    assert loss.item() == 0
    assert torch.equal(grad, torch.zeros_like(grad))


@NORMALIZERS
def test_an_image_without_guidance_leaves_the_other_alone(normalizer: str) -> None:
    low = torch.randn(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    guidance = torch.randint(0, 3, (2, 4, 4))
    guidance[0] = 255
    loss = guidance_loss(low, guidance, normalizer)
    (grad,) = torch.autograd.grad(loss, low)
    torch.testing.assert_close(loss, guidance_loss(low[1:], guidance[1:], normalizer) / 2)
    assert (grad[0] == 0).all()
    assert (grad[1] != 0).all()


@NORMALIZERS
def test_a_wholly_ignored_image_gives_zero(normalizer: str) -> None:
    guidance = torch.full((1, 2, 2), 255)
    ignore = torch.ones(1, 2, 2, dtype=torch.bool)
    assert guidance_loss(torch.randn(1, 3, 2, 2), guidance, normalizer, ignore).item() == 0


@NORMALIZERS
def test_loss_without_spatial_axes(normalizer: str) -> None:
    """Classification, as the shapes in the docstrings allow."""
    low = torch.randn(3, 4, dtype=torch.float64)
    guidance = torch.tensor([1, 255, 3])
    expected = guidance_loss(low[:, :, None], guidance[:, None], normalizer)
    torch.testing.assert_close(guidance_loss(low, guidance, normalizer), expected)


def test_gradient_pulls_towards_the_guidance() -> None:
    """Softmax minus one-hot at guided pixels, over N; nothing elsewhere."""
    low = torch.randn(1, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    guidance = torch.tensor([[[0, 255], [2, 255]]])
    (grad,) = torch.autograd.grad(guidance_loss(low, guidance), low)
    one_hot = torch.zeros(1, 3, 2, 2, dtype=torch.float64)
    one_hot[0, 0, 0, 0] = one_hot[0, 2, 1, 0] = 1
    expected = (low.detach().softmax(1) - one_hot) * (guidance != 255) / 4
    torch.testing.assert_close(grad, expected)


def test_unknown_normalizer_is_refused() -> None:
    with pytest.raises(ValueError, match="normalizer must be one of .*'all_pixels'.*got 'mean'"):
        guidance_loss(torch.zeros(1, 2, 1), torch.zeros(1, 1, dtype=torch.long), 'mean')


def test_loss_without_images_is_zero() -> None:
    guidance = torch.zeros(0, 2, 2, dtype=torch.long)
    assert guidance_loss(torch.zeros(0, 3, 2, 2), guidance) == 0


def test_nan_at_an_ignored_pixel_stays_out_of_the_gradient() -> None:
    logits = torch.randn(1, 3, 2, 2)
    logits[0, :, 0, 0] = torch.nan
    logits.requires_grad_()
    guidance = torch.zeros(1, 2, 2, dtype=torch.long)
    guidance[0, 0, 0] = 255
    guidance_loss(logits, guidance, ignore=guidance == 255).backward()
    assert torch.equal(logits.grad[0, :, 0, 0], torch.zeros(3))
    assert logits.grad[0, :, 1, 1].abs().sum() > 0
