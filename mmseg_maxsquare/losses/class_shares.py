"""The class-share anchor: an adapted model keeps the class shares of its source model.

Relatives: Bateson et al., *Source-Relaxed Domain Adaptation for Image Segmentation*
(MICCAI 2020, arXiv 2005.03697) and *Source-Free Domain Adaptation for Image Segmentation*
(arXiv 2108.03152) minimise the entropy with a Kullback-Leibler term to class ratios from
anatomical knowledge. Here the ratios are those that the source model predicts for the very
image.
"""

import math

import torch
from torch import Tensor, nn

from .target_losses import check_weight

PER = ('image', 'batch')


def class_shares(logits: Tensor, ignore: Tensor | None = None) -> Tensor:
    r"""Share of each class in the predictions for an image.

    .. math:: s^c = \frac{1}{N}\sum_n p^{n,c}

    Args:
        logits: Scores before softmax, ``(B, C, *spatial)``.
        ignore: Boolean ``(B, *spatial)``, True for pixels that do not count.

    Returns:
        ``(B, C)``, float32 for half-precision logits. Each row sums to 1; it is 0 for an
        image without counted pixels.

    Raises:
        TypeError: If the logits are not floating point.
        ValueError: If a shape does not fit.
    """
    log_shares, pixels = _log_shares(logits, ignore)
    return log_shares.exp() * (pixels > 0)[:, None]


def class_share_loss(
    logits: Tensor, shares: Tensor, per: str = 'image', ignore: Tensor | None = None
) -> Tensor:
    r"""Divergence of the class shares from given ones.

    .. math:: \sum_c r^c \log\frac{r^c}{s^c}

    with the given shares ``r`` and :func:`class_shares` ``s`` of the logits.

    Args:
        logits: Scores before softmax, ``(B, C, *spatial)``.
        shares: Such as those of the source model for the same images, ``(B, C)``. No
            gradient is computed for them.
        per: ``'image'``: mean of the divergences of the images. ``'batch'``: divergence
            of the shares over all pixels of the batch, which lets images differ.
        ignore: Boolean ``(B, *spatial)``, True for pixels that do not count.

    Returns:
        Scalar, at least 0; an image without counted pixels gives 0.

    Raises:
        TypeError: If the logits are not floating point.
        ValueError: If a shape or ``per`` does not fit.
    """
    check_per(per)
    if shares.shape != logits.shape[:2]:
        raise ValueError(
            f'shares must have shape (B, C) = {tuple(logits.shape[:2])}, got {tuple(shares.shape)}'
        )
    log_shares, pixels = _log_shares(logits, ignore)
    given, counts = shares.detach().to(log_shares.dtype), pixels > 0
    if per == 'batch':
        weights = pixels / pixels.sum().clamp(min=1)
        given = (weights[:, None] * given).sum(0, keepdim=True)
        images = log_shares + weights.log()[:, None]
        log_shares = torch.where(counts[:, None], images, -torch.inf).logsumexp(0, keepdim=True)
        counts = counts.any(keepdim=True) if len(counts) else counts.new_zeros(1)
    divergence = torch.xlogy(given, given) - given * log_shares
    return torch.where(counts[:, None], divergence, 0).sum() / max(len(divergence), 1)


def check_per(per: str) -> None:
    """Raise ``ValueError`` unless the reading of the loss is known."""
    if per not in PER:
        raise ValueError(f'per must be one of {PER}, got {per!r}')


class ClassShareLoss(nn.Module):
    """:func:`class_share_loss` as a module.

    Args:
        per: ``'image'`` or ``'batch'``. Defaults to 'image'.
        loss_weight: Factor of the loss, at least 0. Defaults to 0.3.
        loss_name: Name in the log; must contain "loss", since mmseg sums what does.

    Raises:
        ValueError: If a parameter is out of its range.

    Examples:
        >>> import torch
        >>> source, adapted = torch.zeros(1, 2, 4), torch.zeros(1, 2, 4)
        >>> adapted[:, 0] = 1.0
        >>> ClassShareLoss(loss_weight=1.0)(adapted, class_shares(source))
        tensor(0.1201)
    """

    def __init__(
        self, per: str = 'image', loss_weight: float = 0.3, loss_name: str = 'loss_class_share'
    ) -> None:
        super().__init__()
        check_per(per)
        check_weight(loss_weight, loss_name)
        self.per = per
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(self, pred: Tensor, shares: Tensor, ignore: Tensor | None = None) -> Tensor:
        """Weighted loss of a batch; see :func:`class_share_loss`."""
        return self.loss_weight * class_share_loss(pred, shares, self.per, ignore)

    def extra_repr(self) -> str:
        return f'per={self.per!r}, loss_weight={self.loss_weight}'


def _log_shares(logits: Tensor, ignore: Tensor | None) -> tuple[Tensor, Tensor]:
    """Logarithm of the shares ``(B, C)``, finite where a share underflows; pixels ``(B,)``.

    The row of an image without counted pixels is that of all its pixels.
    """
    if not logits.is_floating_point():
        raise TypeError(f'logits must be floating point, got {logits.dtype}')
    if logits.ndim < 2:
        raise ValueError(f'logits must have shape (B, C, *spatial), got {tuple(logits.shape)}')
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    batch, spatial = len(logits), logits.shape[2:]
    pixels = logits.new_full((batch,), math.prod(spatial))
    if ignore is None:
        log_p = logits.log_softmax(1)
    else:
        if ignore.shape != (batch, *spatial):
            raise ValueError(
                f'ignore must have shape {(batch, *spatial)}, got {tuple(ignore.shape)}'
            )
        # Keeps a NaN at an ignored pixel out of the gradient.
        log_p = logits.masked_fill(ignore.unsqueeze(1), 0).log_softmax(1)
        pixels = (~ignore).reshape(batch, math.prod(spatial)).sum(1).to(logits.dtype)
        some = (pixels > 0).reshape(batch, *[1] * len(spatial))
        log_p = log_p.masked_fill((ignore & some).unsqueeze(1), -torch.inf)
    flat = log_p.reshape(batch, logits.shape[1], math.prod(spatial))
    return flat.logsumexp(2) - pixels.clamp(min=1).log()[:, None], pixels
