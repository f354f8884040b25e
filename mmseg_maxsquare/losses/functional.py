"""The target losses of the paper as pure functions on logits.

Shapes: ``B`` images, ``C`` classes, any number of spatial axes (none for
classification): logits ``(B, C, *spatial)``, masks and maps ``(B, *spatial)``.
``N`` is the number of counted (not ignored) pixels of one image. Every loss is
computed separately for each image and then averaged over the images, in float32
for half-precision logits. Nothing here moves data between devices or synchronises
with one. Gradients are in closed form and cannot be differentiated again.
"""

import math

import torch
from torch import Tensor

from .closed_form import EntropySum, MaxSquareSum

WEIGHT_BY = ('class', 'argmax')


def max_square_loss(
    logits: Tensor,
    alpha: float = 0.0,
    weight_by: str = 'class',
    class_average: bool = False,
    ignore: Tensor | None = None,
    weight: Tensor | None = None,
) -> Tensor:
    r"""Maximum squares loss, Eq. 6; with ``alpha > 0`` image-wise weighted, Eq. 13.

    .. math:: -\frac{1}{2N}\sum_n\sum_c (p^{n,c})^2

    Args:
        logits: Scores before softmax, ``(B, C, *spatial)``.
        alpha: Exponent of the image-wise weighting in [0, 1]; 0 is Eq. 6.
        weight_by: ``'class'`` weights channel c by its own count N^c (Eq. 13),
            ``'argmax'`` the whole pixel by the count of its predicted class
            (released code).
        class_average: Divide by C, as the released code does.
        ignore: Boolean ``(B, *spatial)``, True for pixels that do not count.
        weight: Factor of each pixel's loss, ``(B, *spatial)``; N stays.

    Returns:
        Scalar in [-1/2, 0] for ``alpha = 0``; 0 for an image without pixels.

    Raises:
        TypeError: If the logits are not floating point.
        ValueError: If a shape or a parameter does not fit.
    """
    logits = _prepare(logits, ignore)
    factors = _factors(logits, alpha, weight_by, class_average, ignore, weight)
    return MaxSquareSum.apply(logits, *factors)


def entropy_loss(
    logits: Tensor,
    alpha: float = 0.0,
    weight_by: str = 'class',
    class_average: bool = False,
    gamma: float = 0.0,
    ignore: Tensor | None = None,
    weight: Tensor | None = None,
) -> Tensor:
    r"""Entropy of the predictions, Eq. 3; with ``gamma > 0`` the scaled entropy.

    .. math:: -\frac{1}{N}\sum_n\sum_c p^{n,c}\log p^{n,c}

    Args:
        logits: Scores before softmax, ``(B, C, *spatial)``.
        alpha: Exponent of the image-wise weighting in [0, 1]; 0 is Eq. 3.
        weight_by: As in :func:`max_square_loss`.
        class_average: Divide by C, as the released code does.
        gamma: Scale in [0, 0.5): p becomes (1 - 2 gamma) p + gamma (Section 1),
            which bounds the gradient.
        ignore: Boolean ``(B, *spatial)``, True for pixels that do not count.
        weight: Factor of each pixel's loss, ``(B, *spatial)``; N stays.

    Returns:
        Scalar in [0, log C] for ``alpha = gamma = 0``; 0 for an image without
        pixels.

    Raises:
        TypeError: If the logits are not floating point.
        ValueError: If a shape or a parameter does not fit.
    """
    check_gamma(gamma)
    logits = _prepare(logits, ignore)
    factors = _factors(logits, alpha, weight_by, class_average, ignore, weight)
    return EntropySum.apply(logits, *factors, gamma)


def class_counts(logits: Tensor, ignore: Tensor | None = None) -> Tensor:
    """Pixels of each image that are predicted as each class, N^c of Eq. 11-12.

    Args:
        logits: ``(B, C, *spatial)``.
        ignore: Boolean ``(B, *spatial)``, True for pixels that do not count.

    Returns:
        int64 ``(B, C)``.
    """
    predicted = logits.argmax(1).flatten(1) if logits.dim() > 2 else logits.argmax(1, True)
    counted = (
        torch.ones_like(predicted) if ignore is None else (~ignore).long().reshape(predicted.shape)
    )
    counts = predicted.new_zeros(logits.shape[:2])
    return counts.scatter_add_(1, predicted, counted)


def image_wise_weight(
    logits: Tensor,
    alpha: float,
    weight_by: str = 'class',
    ignore: Tensor | None = None,
) -> Tensor:
    r"""Image-wise class-balancing factor of Eq. 13, without gradient.

    .. math:: \frac{1}{(N^c)^\alpha\, N^{1-\alpha}}

    N^c is clamped to at least 1 *before* the power, so a class that is absent from
    an image gets a small factor (clamping the product instead would give 1).

    Args:
        logits: ``(B, C, *spatial)``; the counts come from their argmax.
        alpha: Exponent in [0, 1]; 0 gives 1/N everywhere.
        weight_by: ``'class'``: factor of N^c for channel c (Eq. 13).
            ``'argmax'``: factor of the pixel's predicted class (released code).
        ignore: Boolean ``(B, *spatial)``, True for pixels that do not count.

    Returns:
        Positive factors that broadcast against the logits: ``(B, C, 1, ...)``
        for ``'class'``, ``(B, 1, *spatial)`` for ``'argmax'``.

    Raises:
        ValueError: If ``alpha`` or ``weight_by`` does not fit.
    """
    check_weighting(alpha, weight_by)
    logits = logits.detach()
    dtype = torch.float64 if logits.dtype == torch.float64 else torch.float32
    counts = class_counts(logits, ignore)
    total = counts.sum(1, keepdim=True).clamp(min=1).to(dtype)
    factors = 1 / (counts.clamp(min=1).to(dtype) ** alpha * total ** (1 - alpha))
    if weight_by == 'class':
        return factors.view(*factors.shape, *[1] * (logits.dim() - 2))
    predicted = logits.argmax(1, keepdim=True)
    return factors.gather(1, predicted.flatten(1)).view_as(predicted)


def pearson_chi2(logits: Tensor) -> Tensor:
    r"""Pearson chi-square divergence from the uniform distribution, Eq. 10.

    .. math:: C\sum_c (p^{n,c})^2 - 1

    Args:
        logits: ``(B, C, *spatial)``.

    Returns:
        One value for each pixel, ``(B, *spatial)``, from 0 (uniform) to C - 1.
    """
    logits = _prepare(logits, None)
    return logits.shape[1] * logits.softmax(1).square().sum(1) - 1


def check_weighting(alpha: float, weight_by: str) -> None:
    """Raise ``ValueError`` unless the image-wise weighting is well defined."""
    if not 0 <= alpha <= 1:
        raise ValueError(f'alpha must lie in [0, 1] (0 = plain loss, paper: 0.2), got {alpha}')
    if weight_by not in WEIGHT_BY:
        raise ValueError(f'weight_by must be one of {WEIGHT_BY}, got {weight_by!r}')


def check_gamma(gamma: float) -> None:
    """Raise ``ValueError`` unless the scale of the entropy is well defined."""
    if not 0 <= gamma < 0.5:
        raise ValueError(f'gamma must lie in [0, 0.5) (0 = plain entropy), got {gamma}')


def _prepare(logits: Tensor, ignore: Tensor | None) -> Tensor:
    """Check the logits, convert half precision to float32, mask ignored pixels."""
    if not logits.is_floating_point():
        raise TypeError(f'logits must be floating point, got {logits.dtype}')
    if logits.dim() < 2 or logits.shape[1] < 2:
        raise ValueError(
            'logits must have shape (B, C, *spatial) with at least 2 classes, '
            f'got {tuple(logits.shape)}'
        )
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    if ignore is None:
        return logits
    _check_map('ignore', ignore, logits)
    if ignore.dtype != torch.bool:
        raise TypeError(f'ignore must be a boolean mask, got {ignore.dtype}')
    # Masking the input as well keeps a NaN at an ignored pixel out of the gradient.
    return logits.masked_fill(ignore.unsqueeze(1), 0)


def _check_map(name: str, value: Tensor, logits: Tensor) -> None:
    expected = (logits.shape[0], *logits.shape[2:])
    if tuple(value.shape) != expected:
        raise ValueError(
            f'{name} must have one value per pixel, shape {expected} for logits of shape '
            f'{tuple(logits.shape)}, got {tuple(value.shape)}'
        )


def _factors(
    logits: Tensor,
    alpha: float,
    weight_by: str,
    class_average: bool,
    ignore: Tensor | None,
    weight: Tensor | None,
) -> tuple[Tensor | None, Tensor]:
    """Factors of all terms, such that the sum of the terms is the loss.

    Returns:
        Factor of each class (None for 1), broadcasting against the logits, and of
        each pixel, broadcasting to ``(B, 1, *spatial)``.
    """
    check_weighting(alpha, weight_by)
    images, classes, *spatial = logits.shape
    count = logits.new_full((images,), max(math.prod(spatial), 1))
    if ignore is not None:
        count = (~ignore).reshape(images, math.prod(spatial)).sum(1).clamp(min=1).to(logits.dtype)
    share = 1 / (images * classes if class_average else images) if images else math.nan
    by_class, by_pixel = None, (share / count).view(-1, 1, *[1] * len(spatial))
    if alpha > 0:
        balance = image_wise_weight(logits, alpha, weight_by, ignore)
        by_class, by_pixel = (
            (balance, torch.full_like(by_pixel, share))
            if weight_by == 'class'
            else (None, balance * share)
        )
    if weight is not None:
        _check_map('weight', weight, logits)
        by_pixel = by_pixel * weight.unsqueeze(1)
    if ignore is not None:
        by_pixel = by_pixel.expand(-1, 1, *spatial).masked_fill(ignore.unsqueeze(1), 0)
    return by_class, by_pixel
