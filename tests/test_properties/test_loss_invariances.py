"""What must not change the target losses, on random and extreme input."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmseg_maxsquare.losses import (
    class_counts,
    pearson_chi2,
)

from .property_cases import (
    DTYPES,
    NAMES,
    REPRODUCIBLE,
    WITH_INF,
    Case,
    cases,
    generators,
    laid_out,
    loss_of,
    random_logits,
    value_and_grad,
)

# Invariances


@NAMES
@REPRODUCIBLE
@given(cases(kinds=('clear',)), generators(), st.floats(-50, 50))
def test_order_of_classes_and_shift_change_nothing(
    name: str, case: Case, rng: np.random.Generator, shift: float
) -> None:
    """The gradient is permuted with the classes; each pixel may be shifted by itself."""
    order = torch.tensor(rng.permutation(case.logits.shape[1]))
    value, grad = value_and_grad(loss_of(name, case), case.logits)
    permuted = case.logits.detach()[:, order].requires_grad_()
    other, other_grad = value_and_grad(loss_of(name, case, logits=permuted), permuted)
    assert other.item() == pytest.approx(value.item(), rel=1e-12, abs=1e-13)
    torch.testing.assert_close(other_grad, grad[:, order], rtol=0, atol=1e-13)

    offset = shift * torch.tensor(rng.random((len(permuted), 1, *permuted.shape[2:])))
    shifted = (case.logits.detach() + offset).requires_grad_()
    other, other_grad = value_and_grad(loss_of(name, case, logits=shifted), shifted)
    assert other.item() == pytest.approx(value.item(), rel=1e-11, abs=1e-12)
    torch.testing.assert_close(other_grad, grad, rtol=0, atol=1e-12)


@NAMES
@REPRODUCIBLE
@given(cases(), generators())
def test_order_of_pixels_changes_nothing(name: str, case: Case, rng: np.random.Generator) -> None:
    """Nor does their arrangement in one axis or several."""
    pixels = math.prod(case.logits.shape[2:])
    order = torch.tensor(rng.permutation(pixels))
    images, classes = case.logits.shape[:2]
    logits = case.logits.detach().reshape(images, classes, pixels)[..., order].requires_grad_()
    maps = {
        key: None if pixel_map is None else pixel_map.reshape(images, pixels)[:, order]
        for key, pixel_map in case.maps().items()
    }
    value, grad = value_and_grad(loss_of(name, case), case.logits)
    other, other_grad = value_and_grad(loss_of(name, case, logits=logits, **maps), logits)
    assert other.item() == pytest.approx(value.item(), rel=1e-12, abs=1e-13)
    expected = grad.reshape(images, classes, pixels)[..., order]
    torch.testing.assert_close(other_grad, expected, rtol=1e-12, atol=1e-13)


@NAMES
@REPRODUCIBLE
@given(cases())
def test_a_batch_is_the_mean_of_its_images(name: str, case: Case) -> None:
    """Whatever is ignored in each of them."""
    images = len(case.logits)
    singles = []
    for b in range(images):
        maps = {key: None if x is None else x[b : b + 1] for key, x in case.maps().items()}
        singles.append(loss_of(name, case, logits=case.logits[b : b + 1], **maps))
    mean, mean_grad = value_and_grad(sum(singles) / images, case.logits)
    value, grad = value_and_grad(loss_of(name, case), case.logits)
    assert value.item() == pytest.approx(mean.item(), rel=1e-12, abs=1e-13)
    torch.testing.assert_close(grad, mean_grad, rtol=1e-12, atol=1e-13)


@NAMES
@REPRODUCIBLE
@given(cases(), generators(), st.sampled_from(['permuted', 'classes last', 'strided']))
def test_memory_layout_changes_nothing(
    name: str, case: Case, rng: np.random.Generator, layout: str
) -> None:
    """Of logits, mask and weight, each in an order of its own."""
    plain = case._replace(
        logits=case.logits.detach().contiguous().requires_grad_(),
        **{key: None if x is None else x.contiguous() for key, x in case.maps().items()},
    )
    expected, expected_grad = value_and_grad(loss_of(name, plain), plain.logits)
    logits = laid_out(rng, plain.logits.detach(), layout).requires_grad_()
    maps = {k: None if x is None else laid_out(rng, x, layout) for k, x in plain.maps().items()}
    value, grad = value_and_grad(loss_of(name, plain, logits=logits, **maps), logits)
    assert value.item() == pytest.approx(expected.item(), rel=1e-12, abs=1e-13)
    torch.testing.assert_close(grad, expected_grad, rtol=1e-12, atol=1e-13)


# Options


@NAMES
@REPRODUCIBLE
@given(cases(dtypes=DTYPES), st.sampled_from(['class', 'argmax']))
def test_options_that_are_neutral_change_no_bit(name: str, case: Case, weight_by: str) -> None:
    """alpha = 0 with either weighting, an empty mask, a weight of 1."""
    case = case._replace(options=dict(class_average=case.options['class_average']))
    plain, plain_grad = value_and_grad(loss_of(name, case), case.logits)
    pixels = (len(case.logits), *case.logits.shape[2:])
    changes = [dict(alpha=0.0, weight_by=weight_by)]
    if case.ignore is None:
        changes.append(dict(ignore=torch.zeros(pixels, dtype=torch.bool)))
    if case.weight is None:
        changes.append(dict(weight=torch.ones(pixels)))
    for change in changes:
        value, grad = value_and_grad(loss_of(name, case, **change), case.logits)
        if 'alpha' in change:
            assert torch.equal(value, plain) and torch.equal(grad, plain_grad)
        else:  # another way of adding up
            torch.testing.assert_close(value, plain, rtol=1e-6, atol=1e-9)
            torch.testing.assert_close(grad, plain_grad, rtol=1e-3, atol=1e-6)


@NAMES
@REPRODUCIBLE
@given(cases(), st.floats(0, 1e-9))
def test_small_alpha_is_near_the_plain_loss(name: str, case: Case, alpha: float) -> None:
    """Both weightings leave the plain loss without a jump."""
    plain = loss_of(name, case, alpha=0.0).item()
    assert loss_of(name, case, alpha=alpha).item() == pytest.approx(plain, rel=1e-7, abs=1e-12)


@NAMES
@REPRODUCIBLE
@given(cases())
def test_class_average_divides_by_the_classes(name: str, case: Case) -> None:
    """Value and gradient."""
    value, grad = value_and_grad(loss_of(name, case, class_average=False), case.logits)
    other, other_grad = value_and_grad(loss_of(name, case, class_average=True), case.logits)
    classes = case.logits.shape[1]
    assert classes * other.item() == pytest.approx(value.item(), rel=1e-12, abs=1e-14)
    torch.testing.assert_close(classes * other_grad, grad, rtol=1e-12, atol=1e-14)


@NAMES
@REPRODUCIBLE
@given(cases(), generators(), st.floats(0, 5))
def test_loss_is_linear_in_the_weight(
    name: str, case: Case, rng: np.random.Generator, factor: float
) -> None:
    """A weight of 0 takes a pixel's loss, but not the pixel from N."""
    first, second = torch.tensor(rng.random((2, len(case.logits), *case.logits.shape[2:])))
    second = second.round()  # 0 and 1
    parts = [loss_of(name, case, weight=weight) for weight in (first, second)]
    mean, mean_grad = value_and_grad(parts[0] + factor * parts[1], case.logits)
    total = loss_of(name, case, weight=first + factor * second)
    value, grad = value_and_grad(total, case.logits)
    assert value.item() == pytest.approx(mean.item(), rel=1e-11, abs=1e-13)
    torch.testing.assert_close(grad, mean_grad, rtol=1e-11, atol=1e-12)
    assert (grad.movedim(1, -1)[(first + factor * second) == 0] == 0).all()


# Ignored pixels


@NAMES
@REPRODUCIBLE
@given(
    cases(dtypes=DTYPES, masks=('some', 'most', 'one image', 'all')),
    generators(),
    st.sampled_from([*WITH_INF, 'nan', 'inf']),
)
def test_ignored_pixels_have_neither_influence_nor_gradient(
    name: str, case: Case, rng: np.random.Generator, junk: str
) -> None:
    """Bit by bit, whatever their logits and weights are, NaN too."""
    logits, ignore = case.logits, case.ignore
    if junk in ('nan', 'inf'):
        other = torch.full_like(logits, float(junk))
    else:
        other = random_logits(rng, logits.shape, junk, logits.dtype)
    spoilt = torch.where(ignore.unsqueeze(1), other, logits.detach()).requires_grad_()
    weight = case.weight
    if weight is not None:
        weight = weight.masked_fill(ignore, float(rng.choice([-1, 1e4, np.inf, np.nan])))
    same_layout = torch.where(ignore.unsqueeze(1), logits.detach(), logits.detach())
    same_layout.requires_grad_()
    value, grad = value_and_grad(loss_of(name, case, logits=same_layout), same_layout)
    other, other_grad = value_and_grad(loss_of(name, case, logits=spoilt, weight=weight), spoilt)
    assert torch.equal(other, value)
    assert torch.equal(other_grad, grad)
    assert (grad.movedim(1, -1)[ignore] == 0).all()
    if ignore.all():
        assert value == 0
    assert torch.equal(class_counts(spoilt, ignore), class_counts(logits, ignore))


@NAMES
@REPRODUCIBLE
@given(cases(masks=('some', 'most')))
def test_ignoring_equals_removing(name: str, case: Case) -> None:
    """The counted pixels of each image alone, as one row."""
    expected = 0.0
    for b, ignore in enumerate(case.ignore):
        keep = ~ignore
        logits = case.logits.detach()[b].movedim(0, -1)[keep].T.unsqueeze(0)
        weight = None if case.weight is None else case.weight[b][keep].unsqueeze(0)
        expected += loss_of(name, case, logits=logits, ignore=None, weight=weight).item()
    expected /= len(case.ignore)
    assert loss_of(name, case).item() == pytest.approx(expected, rel=1e-12, abs=1e-13)


@NAMES
@REPRODUCIBLE
@given(
    st.integers(0, 3),
    st.integers(2, 20),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from(DTYPES),
    st.sampled_from([0.0, 0.2]),
    st.sampled_from(['class', 'argmax']),
)
def test_nothing_to_count_gives_zero(
    name: str,
    images: int,
    classes: int,
    spatial: list[int],
    dtype: torch.dtype,
    alpha: float,
    weight_by: str,
) -> None:
    """A batch without images, or images without pixels."""
    if images and 0 not in spatial:
        spatial = [*spatial[:2], 0]
    logits = torch.zeros(images, classes, *spatial, dtype=dtype, requires_grad=True)
    options = dict(alpha=alpha, weight_by=weight_by, class_average=True)
    value, grad = value_and_grad(loss_of(name, Case(logits, None, None, options, 0.1)), logits)
    assert value.item() == 0
    assert grad.shape == logits.shape and grad.dtype == dtype
    assert class_counts(logits).tolist() == [[0] * classes] * images
    assert pearson_chi2(logits).shape == (images, *spatial)
