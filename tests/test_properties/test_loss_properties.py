"""The target losses on random and extreme input: a NumPy reference, and gradients."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmseg_maxsquare.losses import (
    class_counts,
    image_wise_weight,
    pearson_chi2,
)

from .property_cases import (
    DTYPES,
    FINITE,
    HALF,
    NAMES,
    REPRODUCIBLE,
    Case,
    cases,
    flat,
    generators,
    log_softmax,
    loss_of,
    rows,
    value_and_grad,
)


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
