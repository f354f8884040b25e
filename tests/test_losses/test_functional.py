"""The loss functions: a second implementation, closed forms, contracts."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import slow_reference as slow
import torch
from torch import Tensor, nn

from mmseg_maxsquare.losses import (
    class_counts,
    entropy_loss,
    image_wise_weight,
    max_square_loss,
    pearson_chi2,
)

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


# Number formats


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@WEIGHTINGS
@FUNCTIONS
def test_half_precision_is_computed_in_float32(
    function: Callable, weighting: dict, dtype: torch.dtype
) -> None:
    half = random_logits(2, 19, 16, 16, dtype=dtype)
    full = half.detach().float().requires_grad_()
    value, grad = value_and_grad(function(half, **weighting), half)
    expected, expected_grad = value_and_grad(function(full, **weighting), full)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, expected, rtol=1e-6, atol=0)
    assert grad.dtype == dtype
    torch.testing.assert_close(grad, expected_grad.to(dtype), rtol=0, atol=1e-7)
    assert pearson_chi2(half).dtype == torch.float32


@WEIGHTINGS
@FUNCTIONS
def test_autocast_gives_the_same(function: Callable, weighting: dict) -> None:
    logits = random_logits(2, 5, 6, 4, dtype=torch.float32)
    with torch.autocast('cpu', torch.bfloat16):
        value = function(logits, **weighting)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, function(logits, **weighting), rtol=1e-6, atol=0)


@pytest.mark.parametrize('gamma', [0.0, 0.05])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16])
@WEIGHTINGS
def test_huge_logits_stay_finite(weighting: dict, dtype: torch.dtype, gamma: float) -> None:
    signs = torch.randint(0, 2, (2, 5, 6, 4)) * 2 - 1
    logits = (1e4 * signs).to(dtype).requires_grad_()
    for loss in (
        max_square_loss(logits, **weighting),
        entropy_loss(logits, gamma=gamma, **weighting),
    ):
        value, grad = value_and_grad(loss, logits)
        assert value.isfinite()
        assert grad.isfinite().all()


@WEIGHTINGS
@pytest.mark.parametrize('name', LOSSES)
def test_gradcheck(name: str, weighting: dict) -> None:
    function, _, extra = LOSSES[name]
    logits = random_logits(2, 3, 2, 2)
    ignore = mask_for(logits)
    assert torch.autograd.gradcheck(
        lambda x: function(x, ignore=ignore, **weighting, **extra), (logits,)
    )


# Compilers


class Losses(nn.Module):
    """All branches in one graph."""

    def forward(self, logits: Tensor, ignore: Tensor) -> Tensor:
        return (
            max_square_loss(logits, alpha=0.2, ignore=ignore)
            + max_square_loss(logits, alpha=0.2, weight_by='argmax', class_average=True)
            + entropy_loss(logits, gamma=0.05, ignore=ignore)
        )


def check_compiled(backend: str) -> None:
    """Value and gradient of the compiled graph against the eager ones."""
    logits = random_logits(2, 5, 6, 4, dtype=torch.float32)
    ignore = mask_for(logits)
    compiled = torch.compile(Losses(), backend=backend, fullgraph=True)
    value, grad = value_and_grad(compiled(logits, ignore), logits)
    expected, expected_grad = value_and_grad(Losses()(logits, ignore), logits)
    torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(grad, expected_grad, rtol=1e-4, atol=1e-7)


def test_compiles_to_one_graph() -> None:
    check_compiled('aot_eager')


@pytest.mark.slow
@pytest.mark.skipif(shutil.which('c++') is None, reason='inductor needs a C++ compiler')
def test_compiles_with_inductor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('TORCHINDUCTOR_CACHE_DIR', str(tmp_path))
    monkeypatch.setattr('torch._inductor.config.compile_threads', 1)
    torch._dynamo.reset()
    check_compiled('inductor')


def test_exports_with_free_height_and_width() -> None:
    example = random_logits(2, 5, 6, 4, dtype=torch.float32).detach()
    free = {2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO}
    program = torch.export.export(
        Losses(),
        (example, mask_for(example)),
        dynamic_shapes=(free, {1: free[2], 2: free[3]}),
    )
    logits = random_logits(2, 5, 9, 7, dtype=torch.float32)
    ignore = mask_for(logits)
    torch.testing.assert_close(
        program.module()(logits, ignore), Losses()(logits, ignore), rtol=1e-6, atol=1e-7
    )


# Refusals


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
