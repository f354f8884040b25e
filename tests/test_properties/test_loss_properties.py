"""The target losses: a NumPy reference and invariances on random and extreme input."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mmseg_maxsquare.losses import (
    class_counts,
    entropy_loss,
    image_wise_weight,
    max_square_loss,
    pearson_chi2,
)

from .property_cases import (
    DTYPES,
    FINITE,
    HALF,
    REPRODUCIBLE,
    WITH_INF,
    Case,
    cases,
    flat,
    generators,
    laid_out,
    log_softmax,
    random_logits,
    rows,
    value_and_grad,
)

NAMES = pytest.mark.parametrize('name', ['max_square', 'entropy', 'scaled entropy'])


def loss_of(name: str, case: Case, **changes: object) -> Tensor:
    """Our loss; ``changes`` replace the case's arguments."""
    arguments = {**dict(logits=case.logits, **case.maps(), **case.options), **changes}
    if name == 'max_square':
        return max_square_loss(**arguments)
    return entropy_loss(**arguments, gamma=case.gamma if name == 'scaled entropy' else 0.0)


def reference(name: str, case: Case) -> float:
    """Value of a loss in float64, image by image and pixel by pixel."""
    alpha, gamma = case.options['alpha'], case.gamma
    total, logits = 0.0, rows(case.logits)
    for image, pixels in enumerate(logits):
        counted = np.ones(len(pixels), bool)
        if case.ignore is not None:
            counted = ~flat(case.ignore)[image]
        weight = np.ones(len(pixels))
        if case.weight is not None:
            weight = flat(case.weight.double())[image]
        predicted = pixels.argmax(1)
        shown = [np.sum(predicted[counted] == c) for c in range(pixels.shape[1])]
        for n in np.flatnonzero(counted):
            log_p = log_softmax(pixels[n])
            p = np.exp(log_p)
            if name == 'max_square':
                terms = -p * p / 2
            elif name == 'scaled entropy':
                q = (1 - 2 * gamma) * p + gamma
                terms = -q * np.log(q)
            else:
                terms = -p * np.where(p > 0, log_p, 0)
            for c, term in enumerate(terms):
                size = shown[c if case.options['weight_by'] == 'class' else predicted[n]]
                divisor = max(size, 1) ** alpha * counted.sum() ** (1 - alpha)
                total += weight[n] * term / divisor
    total /= len(logits)
    return total / logits.shape[2] if case.options['class_average'] else total


# Values


@NAMES
@REPRODUCIBLE
@given(cases(dtypes=DTYPES))
def test_value_equals_the_reference(name: str, case: Case) -> None:
    """For every number format, layout and mask, and for logits as large as they get."""
    value = loss_of(name, case)
    tolerance = 1e-11 if case.logits.dtype == torch.float64 else 1e-5
    assert value.shape == ()
    assert value.item() == pytest.approx(reference(name, case), rel=tolerance, abs=tolerance / 10)


@REPRODUCIBLE
@given(cases(dtypes=DTYPES, masks=('none', 'some', 'most'), weighted=False))
def test_values_stay_within_their_bounds(case: Case) -> None:
    """[-1/2, -1/2C] and [0, log C] for images that have counted pixels."""
    classes = case.logits.shape[1]
    divisor = classes if case.options['class_average'] else 1
    rounding = 1e-12 if case.logits.dtype == torch.float64 else 1e-6
    share = 1.0
    if case.ignore is not None:
        share = np.mean(~flat(case.ignore).all(1))  # of the images
    square = divisor * loss_of('max_square', case).item()
    assert -share / 2 - rounding <= square <= -share / (2 * classes) + rounding
    entropy = divisor * loss_of('entropy', case).item()
    assert 0 <= entropy <= share * math.log(classes) * (1 + 10 * rounding)


@REPRODUCIBLE
@given(cases(dtypes=DTYPES, masks=('none',), weighted=False))
def test_pearson_chi2_equals_the_reference_and_gives_the_loss(case: Case) -> None:
    """From 0 to C - 1, and the plain loss is -(mean + 1) / 2C."""
    logits = case.logits
    classes = logits.shape[1]
    tolerance = 1e-12 if logits.dtype == torch.float64 else 1e-6
    chi2 = pearson_chi2(logits)
    expected = classes * np.exp(2 * log_softmax(rows(logits))).sum(-1) - 1
    assert chi2.shape == (logits.shape[0], *logits.shape[2:])
    assert chi2.dtype == (torch.float32 if logits.dtype in HALF else logits.dtype)
    np.testing.assert_allclose(flat(chi2), expected, rtol=0, atol=2 * classes * tolerance)
    assert chi2.min() >= -classes * tolerance
    assert chi2.max() <= (classes - 1) * (1 + 2 * tolerance)
    loss = loss_of('max_square', case, class_average=False).item()
    assert loss == pytest.approx(-(chi2.mean().item() + 1) / (2 * classes), rel=1e-5)


@REPRODUCIBLE
@given(cases(dtypes=DTYPES))
def test_class_counts_equal_the_reference(case: Case) -> None:
    """They sum up to the counted pixels; of tied classes the first is predicted."""
    counts = class_counts(case.logits, case.ignore)
    predicted = rows(case.logits).argmax(-1)
    counted = np.ones(predicted.shape, bool) if case.ignore is None else ~flat(case.ignore)
    classes = case.logits.shape[1]
    expected = [
        np.bincount(p[c], minlength=classes) for p, c in zip(predicted, counted, strict=True)
    ]
    assert counts.dtype == torch.int64
    assert counts.tolist() == np.array(expected).tolist()
    assert counts.sum(1).tolist() == counted.sum(1).tolist()


@REPRODUCIBLE
@given(cases(dtypes=DTYPES))
def test_image_wise_weight_equals_the_reference(case: Case) -> None:
    """Between 1/N and N^(alpha - 1); a class that is rarer weighs no less."""
    logits, ignore, alpha = case.logits, case.ignore, case.options['alpha']
    images, classes, *spatial = logits.shape
    counts = class_counts(logits, ignore).numpy()
    total = np.maximum(counts.sum(1, keepdims=True), 1)
    expected = np.maximum(counts, 1.0) ** -alpha * total ** (alpha - 1.0)
    rounding = 1e-12 if logits.dtype == torch.float64 else 1e-6

    by_class = image_wise_weight(logits, alpha, 'class', ignore)
    by_argmax = image_wise_weight(logits, alpha, 'argmax', ignore)

    assert by_class.shape == (images, classes, *[1] * len(spatial))
    assert by_argmax.shape == (images, 1, *spatial)
    for weight in (by_class, by_argmax):
        assert weight.dtype == (torch.float64 if logits.dtype == torch.float64 else torch.float32)
        assert not weight.requires_grad
        values = weight.flatten(1).numpy()
        assert (values >= (1 - rounding) / total).all()
        assert (values <= (1 + rounding) * total ** (alpha - 1.0)).all()
    by_class = by_class.flatten(1).numpy()
    np.testing.assert_allclose(by_class, expected, rtol=rounding)
    predicted = rows(logits).argmax(-1)
    np.testing.assert_allclose(
        by_argmax.flatten(1).numpy(), np.take_along_axis(expected, predicted, 1), rtol=rounding
    )
    for weights, shown in zip(by_class, counts, strict=True):
        assert (np.diff(weights[np.argsort(shown, kind='stable')]) <= 0).all()


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


# Gradients


@NAMES
@REPRODUCIBLE
@given(cases(kinds=('clear',)), generators(), st.booleans())
def test_gradient_equals_finite_differences(
    name: str, case: Case, rng: np.random.Generator, scaling: bool
) -> None:
    """Along random directions, and along the logits (their scale).

    'clear' logits: no step changes a prediction and with it the constant factors.
    """
    logits = case.logits.detach()
    direction = logits if scaling else torch.tensor(rng.standard_normal(logits.shape))
    direction = direction / direction.abs().max()
    step = 1e-4
    # Fourth order, since logits of size 10 have large third derivatives.
    near, far = (
        loss_of(name, case, logits=logits + k * step * direction).item()
        - loss_of(name, case, logits=logits - k * step * direction).item()
        for k in (1, 2)
    )
    slope = (8 * near - far) / (12 * step)
    _, grad = value_and_grad(loss_of(name, case), case.logits)
    assert (grad * direction).sum().item() == pytest.approx(slope, rel=1e-6, abs=1e-10)


@NAMES
@REPRODUCIBLE
@given(cases(), st.floats(-4, 4))
def test_gradient_of_a_pixel_sums_to_zero(name: str, case: Case, factor: float) -> None:
    """A shift has no slope; and a factor on the loss is one on the gradient."""
    loss = loss_of(name, case)
    (grad,) = torch.autograd.grad(loss, case.logits, retain_graph=True)
    (scaled,) = torch.autograd.grad(factor * loss, case.logits, retain_graph=True)
    (again,) = torch.autograd.grad(loss, case.logits)
    assert grad.sum(1).abs().max() <= 1e-13
    torch.testing.assert_close(scaled, factor * grad, rtol=1e-12, atol=1e-15)
    assert torch.equal(again, grad)  # backward spoils nothing that it needs again


@NAMES
@REPRODUCIBLE
@given(cases(kinds=('clear', 'normal', 'tied')))
def test_sharper_predictions_lose_less(name: str, case: Case) -> None:
    """The slope along the logits is negative in each pixel (one factor a pixel)."""
    options = {**case.options, 'weight_by': 'argmax'}
    _, grad = value_and_grad(loss_of(name, case, **options), case.logits)
    slope = (grad * case.logits.detach()).sum(1)
    assert (slope <= 1e-15).all()


@NAMES
@REPRODUCIBLE
@given(cases(dtypes=DTYPES))
def test_value_and_gradient_are_finite(name: str, case: Case) -> None:
    """For logits up to the largest number, and for classes that -inf rules out."""
    assert not case.logits.isnan().any()
    value, grad = value_and_grad(loss_of(name, case), case.logits)
    assert value.isfinite()
    assert grad.isfinite().all()
    assert grad.dtype == case.logits.dtype
    assert (grad[case.logits == -torch.inf] == 0).all()


@NAMES
@REPRODUCIBLE
@given(cases(kinds=(*FINITE[:4], 'ruled out'), dtypes=DTYPES[:3]))
def test_low_precision_is_close_to_float64(name: str, case: Case) -> None:
    """Against the same logits, without further rounding."""
    exact = case.logits.detach().double().requires_grad_()
    expected, expected_grad = value_and_grad(loss_of(name, case, logits=exact), exact)
    value, grad = value_and_grad(loss_of(name, case), case.logits)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(expected.item(), rel=1e-5, abs=1e-6)
    rounding = torch.finfo(case.logits.dtype).eps
    torch.testing.assert_close(grad.double(), expected_grad, rtol=max(rounding, 1e-4), atol=1e-6)


@NAMES
@REPRODUCIBLE
@given(cases(dtypes=DTYPES))
def test_inputs_are_not_modified(name: str, case: Case) -> None:
    """Neither by forward nor by backward, which work in place elsewhere."""
    inputs = [x for x in (case.logits, case.ignore, case.weight) if x is not None]
    before = [x.detach().clone() for x in inputs]
    loss_of(name, case).backward()
    pearson_chi2(case.logits).sum().backward()
    class_counts(case.logits, case.ignore)
    image_wise_weight(case.logits, 0.2, ignore=case.ignore)
    for x, old in zip(inputs, before, strict=True):
        assert torch.equal(x.detach(), old)
