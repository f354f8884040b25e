"""Self-produced guidance: a NumPy reference and invariances on random and extreme input."""

import math
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mmseg_maxsquare.models import guidance_loss, self_produced_guidance

from .property_cases import (
    DTYPES,
    FINITE,
    LAYOUTS,
    MASKS,
    REPRODUCIBLE,
    WITH_INF,
    flat,
    generators,
    laid_out,
    log_softmax,
    random_logits,
    random_mask,
    rows,
    shapes,
    value_and_grad,
)

IGNORED = 255
NORMALIZERS = ('all_pixels', 'guided_pixels')


class Levels(NamedTuple):
    """Logits of both levels, a threshold and a mask."""

    final: Tensor
    low: Tensor
    threshold: float
    mask: str
    ignore: Tensor | None

    def labels(self, **changes: object) -> Tensor:
        """Our guidance; ``changes`` replace arguments."""
        levels = self._replace(**changes)
        return self_produced_guidance(
            levels.final, levels.low, levels.threshold, levels.mask, levels.ignore
        )


class Guided(NamedTuple):
    """Arguments of the loss."""

    low: Tensor
    guidance: Tensor
    normalizer: str
    ignore: Tensor | None

    def loss(self, **changes: object) -> Tensor:
        """Our loss; ``changes`` replace arguments."""
        arguments = dict(low_logits=self.low, guidance=self.guidance, ignore=self.ignore)
        return guidance_loss(**{**arguments, 'normalizer': self.normalizer, **changes})


def confidence_of(final: Tensor, low: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean probabilities ``(B, N, C)`` and, for both masks, confidences ``(B, N)``."""
    final, low = (np.exp(log_softmax(rows(x))) for x in (final, low))
    level = np.maximum(final, low)
    label = (final + low).argmax(-1)
    strict = np.take_along_axis(level, label[..., None], -1)[..., 0]
    return (final + low) / 2, strict, level.max(-1)


def contradiction(rng: np.random.Generator, classes: int) -> Tensor:
    """Logits ``(2, C)`` of one pixel whose surest class is not that of the ensemble."""
    sure = rng.uniform(0.7, 0.95)
    p = np.empty((2, classes))
    p[0], p[1] = 0.2 * (1 - sure) / (classes - 2), 1.1 * (1 - sure) / (classes - 2)
    p[:, 0] = sure, 1e-4
    p[:, 1] = 0.8 * (1 - sure), sure - 0.1 * (1 - sure)
    return torch.tensor(np.log(p[:, rng.permutation(classes)]))


@st.composite
def levels(draw: st.DrawFn, kinds: tuple = WITH_INF, dtypes: tuple = DTYPES) -> Levels:
    """Two levels that agree in about half of the pixels."""
    shape, rng = draw(shapes()), draw(generators())
    dtype = draw(st.sampled_from(dtypes))
    final, low = (random_logits(rng, shape, draw(st.sampled_from(kinds)), dtype) for _ in range(2))
    agree = torch.tensor(rng.random((shape[0], 1, *shape[2:])) < 0.5)
    low = torch.where(agree, final, low)
    if draw(st.booleans()) and shape[1] > 2:
        both = contradiction(rng, shape[1]).to(dtype)
        there = torch.tensor(rng.random((shape[0], 1, *shape[2:])) < 0.5)
        both = both.view(2, 1, -1, *[1] * (len(shape) - 2))
        final, low = (torch.where(there, x, y) for x, y in zip(both, (final, low), strict=True))
    ignore = random_mask(rng, (shape[0], *shape[2:]), draw(st.sampled_from(MASKS)))
    layouts = [draw(st.sampled_from(LAYOUTS)) for _ in range(2)]
    threshold = draw(st.sampled_from([0.5, 0.95]) | st.floats(0.05, 0.99))
    if draw(st.booleans()):  # between the masks, in the pixel in which they differ most
        _, *confidences = confidence_of(final, low)
        strict, loose = np.reshape(confidences, (2, -1))
        pixel = (loose - strict).argmax()
        if loose[pixel] - strict[pixel] > 1e-3:
            threshold = float((strict[pixel] + loose[pixel]) / 2)
    return Levels(
        laid_out(rng, final, layouts[0]).requires_grad_(),
        laid_out(rng, low, layouts[1]).requires_grad_(),
        threshold,
        draw(st.sampled_from(['ensemble_class', 'any_class'])),
        ignore,
    )


@st.composite
def guided(draw: st.DrawFn, kinds: tuple = FINITE, dtypes: tuple = (torch.float64,)) -> Guided:
    """Labels of any class, none at ignored pixels."""
    shape, rng = draw(shapes()), draw(generators())
    low = random_logits(rng, shape, draw(st.sampled_from(kinds)), draw(st.sampled_from(dtypes)))
    pixels = (shape[0], *shape[2:])
    guidance = torch.tensor(rng.integers(0, shape[1], pixels))
    unsure = random_mask(rng, pixels, draw(st.sampled_from(MASKS)))
    ignore = random_mask(rng, pixels, draw(st.sampled_from(MASKS)))
    for mask in (unsure, ignore):
        if mask is not None:
            guidance[mask] = IGNORED
    low = laid_out(rng, low, draw(st.sampled_from(LAYOUTS))).requires_grad_()
    return Guided(low, guidance, draw(st.sampled_from(NORMALIZERS)), ignore)


# Labels


@settings(REPRODUCIBLE, max_examples=150)
@given(levels())
def test_labels_equal_the_reference(case: Levels) -> None:
    """Both masks; where a decision is close, rounding in float32 may take either side."""
    rounding = 1e-14 if case.final.dtype == torch.float64 else 1e-6
    mean, *confidences = confidence_of(case.final, case.low)
    label, ordered = mean.argmax(-1), np.sort(mean, -1)
    gap = ordered[..., -1] - ordered[..., -2]
    for mask, confidence in zip(('ensemble_class', 'any_class'), confidences, strict=True):
        expected = np.where(confidence > case.threshold, label, IGNORED)
        if case.ignore is not None:
            expected[flat(case.ignore)] = IGNORED
        close = (np.abs(confidence - case.threshold) < rounding) | ((gap > 0) & (gap < rounding))

        labels = case.labels(mask=mask)

        assert labels.dtype == torch.int64
        assert labels.shape == (case.final.shape[0], *case.final.shape[2:])
        assert not labels.requires_grad
        assert flat(labels)[~close].tolist() == expected[~close].tolist()
        assert ((labels < case.final.shape[1]) | (labels == IGNORED)).all()


@REPRODUCIBLE
@given(levels(kinds=('tied',), dtypes=(torch.float64,)))
def test_the_threshold_must_be_exceeded(case: Levels) -> None:
    """A confidence that equals it is not enough; one that is the next number is."""
    low = case.low.detach()
    confidence = low.softmax(1).amax(1)
    least = confidence.min()
    below = torch.nextafter(least, torch.zeros_like(least))
    at, above = (
        case.labels(final=low, ignore=None, threshold=t.item())[confidence == least]
        for t in (least, below)
    )
    assert (at == IGNORED).all()
    assert (above != IGNORED).all()


@REPRODUCIBLE
@given(levels(), st.floats(0.01, 0.99))
def test_a_higher_threshold_only_removes_labels(case: Levels, other: float) -> None:
    less, more = (
        case.labels(threshold=t) for t in (max(case.threshold, other), min(case.threshold, other))
    )
    kept = less != IGNORED
    assert torch.equal(less[kept], more[kept])


@REPRODUCIBLE
@given(levels())
def test_the_class_of_the_ensemble_is_stricter(case: Levels) -> None:
    """Its labels are those of any_class, or 255; for equal levels both masks agree."""
    strict, loose = (case.labels(mask=mask) for mask in ('ensemble_class', 'any_class'))
    kept = strict != IGNORED
    assert torch.equal(strict[kept], loose[kept])
    strict, loose = (
        case.labels(mask=mask, low=case.final) for mask in ('ensemble_class', 'any_class')
    )
    assert torch.equal(strict, loose)


@REPRODUCIBLE
@given(levels(kinds=('clear',), dtypes=(torch.float64,)), generators())
def test_labels_follow_classes_and_pixels(case: Levels, rng: np.random.Generator) -> None:
    """Other order of classes, of pixels, of levels; each image by itself."""
    final, low = case.final.detach(), case.low.detach()
    expected = case.labels()
    order = torch.tensor(rng.permutation(final.shape[1]))
    permuted = case.labels(final=final[:, order], low=low[:, order])
    names = torch.full((256,), IGNORED)
    names[: len(order)] = order
    assert torch.equal(names[permuted], expected)
    assert torch.equal(case.labels(final=low, low=final), expected)

    pixels = math.prod(final.shape[2:])
    order = torch.tensor(rng.permutation(pixels))
    row = {
        name: x.reshape(*x.shape[:2], pixels)[..., order]
        for name, x in (('final', final), ('low', low))
    }
    ignore = None if case.ignore is None else case.ignore.reshape(len(final), pixels)[:, order]
    assert torch.equal(
        case.labels(**row, ignore=ignore), expected.reshape(len(final), pixels)[:, order]
    )
    for b in range(len(final)):
        one = slice(b, b + 1)
        ignore = None if case.ignore is None else case.ignore[one]
        assert torch.equal(
            case.labels(final=final[one], low=low[one], ignore=ignore), expected[one]
        )


@REPRODUCIBLE
@given(levels(), st.sampled_from([math.nan, math.inf, 1e4]))
def test_ignored_pixels_do_not_matter_and_nothing_is_modified(case: Levels, junk: float) -> None:
    """Nor do pixels of NaN get a label."""
    inputs = [x for x in (case.final, case.low, case.ignore) if x is not None]
    before = [x.detach().clone() for x in inputs]
    labels = case.labels()
    for x, old in zip(inputs, before, strict=True):
        assert torch.equal(x.detach(), old)
    ignore = torch.zeros_like(labels, dtype=torch.bool) if case.ignore is None else case.ignore
    assert (labels[ignore] == IGNORED).all()
    assert torch.equal(case.labels(ignore=None)[~ignore], labels[~ignore])
    spoilt = {
        'final': case.final.masked_fill(ignore.unsqueeze(1), junk),
        'low': case.low.masked_fill(ignore.unsqueeze(1), -junk),
    }
    assert torch.equal(case.labels(**spoilt), labels)
    nothing = torch.full_like(case.final, math.nan)
    assert (case.labels(final=nothing, low=nothing) == IGNORED).all()


# Loss


@REPRODUCIBLE
@given(guided(kinds=FINITE[:-1], dtypes=DTYPES))
def test_loss_equals_the_reference(case: Guided) -> None:
    """Cross entropy image by image, never negative."""
    log_p, labels = log_softmax(rows(case.low)), flat(case.guidance)
    images = []
    for b, row in enumerate(labels):
        sure = row != IGNORED
        counted = np.ones(len(row), bool) if case.ignore is None else ~flat(case.ignore)[b]
        number = sure.sum() if case.normalizer == 'guided_pixels' else counted.sum()
        total = -sum(log_p[b, n, row[n]] for n in np.flatnonzero(sure))
        images.append(total / max(number, 1))
    tolerance = 1e-12 if case.low.dtype == torch.float64 else 1e-6
    value = case.loss().item()
    assert value >= 0
    assert value == pytest.approx(np.mean(images), rel=5 * tolerance, abs=tolerance)


@REPRODUCIBLE
@given(guided(kinds=FINITE[:-1]))
def test_gradient_is_that_of_the_cross_entropy(case: Guided) -> None:
    """(p - one-hot) / number of pixels, exactly 0 without guidance."""
    value, grad = value_and_grad(case.loss(), case.low)
    guidance, ignore = case.guidance, case.ignore
    sure = guidance != IGNORED
    counted = torch.ones_like(sure) if ignore is None else ~ignore
    number = sure if case.normalizer == 'guided_pixels' else counted
    number = number.reshape(len(sure), -1).sum(1).clamp(min=1)
    number = number.view(-1, 1, *[1] * (sure.dim() - 1))
    one_hot = torch.nn.functional.one_hot(guidance.where(sure, 0), case.low.shape[1])
    expected = (case.low.detach().softmax(1) - one_hot.movedim(-1, 1)) * sure.unsqueeze(1)
    expected = expected / (number * len(guidance))
    assert value.isfinite()
    torch.testing.assert_close(grad, expected, rtol=1e-11, atol=1e-13)
    assert (grad.movedim(1, -1)[~sure] == 0).all()


@REPRODUCIBLE
@given(guided(kinds=('clear', 'normal')), generators())
def test_gradient_equals_finite_differences(case: Guided, rng: np.random.Generator) -> None:
    low = case.low.detach()
    direction = torch.tensor(rng.standard_normal(low.shape))
    step = 1e-5
    upper, lower = (case.loss(low_logits=low + sign * step * direction) for sign in (1, -1))
    _, grad = value_and_grad(case.loss(), case.low)
    slope = (upper - lower).item() / (2 * step)
    assert (grad * direction).sum().item() == pytest.approx(slope, rel=1e-6, abs=1e-8)


@REPRODUCIBLE
@given(guided(kinds=('clear', 'normal', 'tied', 'extreme')), generators())
def test_loss_follows_classes_pixels_and_images(case: Guided, rng: np.random.Generator) -> None:
    """Other order of classes or pixels; shifts; the batch is the mean of its images."""
    low, guidance, ignore = case.low.detach(), case.guidance, case.ignore
    expected = pytest.approx(case.loss().item(), rel=1e-10, abs=1e-11)
    images, classes = low.shape[:2]
    order = torch.tensor(rng.permutation(classes))
    place = torch.full((256,), IGNORED)
    place[order] = torch.arange(classes)
    assert case.loss(low_logits=low[:, order], guidance=place[guidance]).item() == expected
    shift = torch.tensor(rng.random((images, 1, *low.shape[2:])))
    assert case.loss(low_logits=low + 10 * shift).item() == expected
    pixels = math.prod(low.shape[2:])
    order = torch.tensor(rng.permutation(pixels))
    maps = [None if x is None else x.reshape(images, pixels)[:, order] for x in (guidance, ignore)]
    row = low.reshape(images, classes, pixels)[..., order]
    assert case.loss(low_logits=row, guidance=maps[0], ignore=maps[1]).item() == expected
    singles = []
    for b in range(images):
        one = slice(b, b + 1)
        mask = None if ignore is None else ignore[one]
        singles.append(case.loss(low_logits=low[one], guidance=guidance[one], ignore=mask).item())
    assert np.mean(singles) == expected


@REPRODUCIBLE
@given(guided(dtypes=DTYPES))
def test_guided_pixels_weigh_more_when_they_are_few(case: Guided) -> None:
    """Ignored pixels that have no guidance matter to N alone; without guidance 0."""
    every, few = (case.loss(normalizer=normalizer).item() for normalizer in NORMALIZERS)
    assert every <= few * (1 + 1e-6)
    one = slice(0, 1)
    first = case._replace(
        low=case.low[one],
        guidance=case.guidance[one],
        ignore=None if case.ignore is None else case.ignore[one],
    )
    sure = (first.guidance != IGNORED).sum().item()
    number = first.guidance.numel() if first.ignore is None else (~first.ignore).sum().item()
    every, few = (first.loss(normalizer=normalizer).item() for normalizer in NORMALIZERS)
    assert every * max(number, 1) == pytest.approx(few * max(sure, 1), rel=1e-5)
    assert case.loss(normalizer='guided_pixels', ignore=None) == case.loss(
        normalizer='guided_pixels'
    )
    nothing = torch.full_like(case.guidance, IGNORED)
    value, grad = value_and_grad(case.loss(guidance=nothing), case.low)
    assert value == 0 and (grad == 0).all()


@REPRODUCIBLE
@given(guided(kinds=FINITE[:-1], dtypes=DTYPES))
def test_loss_is_finite_and_modifies_nothing(case: Guided) -> None:
    """In float32 for half precision, close to float64."""
    inputs = [x for x in (case.low, case.guidance, case.ignore) if x is not None]
    before = [x.detach().clone() for x in inputs]
    value, grad = value_and_grad(case.loss(), case.low)
    for x, old in zip(inputs, before, strict=True):
        assert torch.equal(x.detach(), old)
    exact = case.low.detach().double().requires_grad_()
    expected, expected_grad = value_and_grad(case.loss(low_logits=exact), exact)
    assert value.dtype == (torch.float64 if case.low.dtype == torch.float64 else torch.float32)
    assert value.isfinite() and grad.isfinite().all()
    assert value.item() == pytest.approx(expected.item(), rel=1e-5, abs=1e-6)
    rounding = max(torch.finfo(case.low.dtype).eps, 1e-5)
    torch.testing.assert_close(grad.double(), expected_grad, rtol=rounding, atol=1e-6)
