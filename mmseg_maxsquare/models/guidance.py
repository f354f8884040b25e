"""Self-produced guidance: both levels produce labels for the low level (Section 3.4)."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

MASKS = ('ensemble_class', 'any_class')
NORMALIZERS = ('all_pixels', 'guided_pixels')
IGNORE_INDEX = 255


@dataclass(frozen=True)
class Guidance:
    """How an auxiliary head is trained on the target (Eq. 14-16).

    Attributes:
        threshold: delta of Eq. 15 in (0, 1).
        loss_weight: lambda_low; the term weighs lambda_T * lambda_low.
        mask: See :func:`self_produced_guidance`.
        normalizer: See :func:`guidance_loss`.
        head: Index of the auxiliary head, required if there are several.
    """

    threshold: float = 0.95
    loss_weight: float = 0.1
    mask: str = MASKS[0]
    normalizer: str = NORMALIZERS[0]
    head: int | None = None

    def __post_init__(self) -> None:
        check_guidance(self.threshold, self.mask)
        check_normalizer(self.normalizer)
        if not self.loss_weight >= 0:
            raise ValueError(f'guidance loss_weight must be at least 0, got {self.loss_weight}')


@torch.no_grad()
def self_produced_guidance(
    final_logits: Tensor,
    low_logits: Tensor,
    threshold: float = 0.95,
    mask: str = 'ensemble_class',
    ignore: Tensor | None = None,
) -> Tensor:
    """Labels of confident pixels from both levels of a network, Eq. 15.

    The label of a pixel is the class c* with the highest mean probability of the
    two levels.

    Args:
        final_logits: ``(B, C, *spatial)`` of the final level.
        low_logits: The same of the low level.
        threshold: Confidence delta in (0, 1) above which a pixel is guided.
        mask: ``'ensemble_class'``: the probability of c* must exceed the
            threshold in either level (Eq. 15). ``'any_class'``: the highest
            probability of either level, whatever its class (released code).
        ignore: Boolean ``(B, *spatial)``, True for pixels that are not guided.

    Returns:
        int64 ``(B, *spatial)``: class, or 255 where there is no guidance. No
        gradient.

    Raises:
        ValueError: If a parameter or shape does not fit.
    """
    check_guidance(threshold, mask)
    if final_logits.shape != low_logits.shape:
        raise ValueError(
            'both levels must have logits of one shape, got '
            f'{tuple(final_logits.shape)} and {tuple(low_logits.shape)}'
        )
    final, low = _float(final_logits).softmax(1), _float(low_logits).softmax(1)
    label = (final + low).argmax(1, keepdim=True)
    if mask == 'ensemble_class':
        confidence = torch.maximum(final.gather(1, label), low.gather(1, label))
    else:
        confidence = torch.maximum(final, low).amax(1, keepdim=True)
    guided = (confidence > threshold).squeeze(1)
    if ignore is not None:
        guided &= ~ignore
    return label.squeeze(1).masked_fill(~guided, IGNORE_INDEX)


def guidance_loss(
    low_logits: Tensor,
    guidance: Tensor,
    normalizer: str = 'all_pixels',
    ignore: Tensor | None = None,
) -> Tensor:
    """Cross entropy of the low level with its guidance, Eq. 16.

    Args:
        low_logits: ``(B, C, *spatial)``.
        guidance: Labels of :func:`self_produced_guidance`, ``(B, *spatial)``.
        normalizer: Each image's sum is divided by ``'all_pixels'`` (N of Eq. 2)
            or by its ``'guided_pixels'`` (released code).
        ignore: Boolean ``(B, *spatial)``, True for pixels that N does not count.

    Returns:
        Scalar mean over the images; an image without guidance gives 0, and so does an
        empty batch.

    Raises:
        ValueError: If ``normalizer`` is unknown.
    """
    check_normalizer(normalizer)
    low_logits = _float(low_logits)
    if ignore is not None:
        # Keeps a NaN at an ignored pixel out of the gradient.
        low_logits = low_logits.masked_fill(ignore.unsqueeze(1), 0)
    loss = F.cross_entropy(low_logits, guidance, ignore_index=IGNORE_INDEX, reduction='none')
    if normalizer == 'guided_pixels':
        counted = guidance != IGNORE_INDEX
    else:
        counted = torch.ones_like(guidance, dtype=torch.bool) if ignore is None else ~ignore
    shape = (len(guidance), math.prod(guidance.shape[1:]))
    counted = counted.reshape(shape).sum(1).clamp(min=1)
    return (loss.reshape(shape).sum(1) / counted).sum() / max(len(guidance), 1)


def check_guidance(threshold: float, mask: str) -> None:
    """Raise ``ValueError`` unless the guidance is well defined."""
    if not 0 < threshold < 1:
        raise ValueError(f'threshold must lie in (0, 1) (paper: 0.95), got {threshold}')
    if mask not in MASKS:
        raise ValueError(f'mask must be one of {MASKS}, got {mask!r}')


def check_normalizer(normalizer: str) -> None:
    """Raise ``ValueError`` unless the normaliser of the guidance loss is known."""
    if normalizer not in NORMALIZERS:
        raise ValueError(f'normalizer must be one of {NORMALIZERS}, got {normalizer!r}')


def _float(logits: Tensor) -> Tensor:
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
