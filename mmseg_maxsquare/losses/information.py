"""Information maximisation: confident predictions for a pixel, but of many classes.

Baseline of source-free adaptation: Liang et al., *Do We Really Need to Access the Source
Data?* (SHOT, ICML 2020, arXiv 2002.08546), Eq. 3.
"""

import torch
from torch import Tensor

from .target_losses import TargetLoss


def information_maximisation_loss(logits: Tensor, ignore: Tensor | None = None) -> Tensor:
    r"""Entropy of the predictions minus the entropy of their mean.

    .. math:: \frac{1}{N}\sum_n H(p^n) - H\Big(\frac{1}{N}\sum_n p^n\Big)

    The sums run over all pixels of the batch.

    Args:
        logits: Scores before softmax, ``(B, C, *spatial)``.
        ignore: Boolean ``(B, *spatial)``, True for pixels that do not count.

    Returns:
        Scalar in [-log C, 0], float32 for half-precision logits; 0 without pixels.

    Raises:
        TypeError: If the logits are not floating point.
    """
    if not logits.is_floating_point():
        raise TypeError(f'logits must be floating point, got {logits.dtype}')
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    if ignore is not None:
        logits = logits.masked_fill(ignore.unsqueeze(1), 0)
    log_p = logits.log_softmax(1)
    p = log_p.exp()
    counted = p.new_ones(len(p), 1, *p.shape[2:]) if ignore is None else (~ignore).unsqueeze(1)
    total = counted.sum().clamp(min=1)
    entropy = -(counted * p * log_p).sum() / total
    mean = (counted * p).transpose(0, 1).flatten(1).sum(1) / total
    # An underflown mean must not give an infinite gradient.
    return entropy + torch.xlogy(mean, mean.clamp(min=torch.finfo(mean.dtype).tiny)).sum()


class InformationMaximisationLoss(TargetLoss):
    """:func:`information_maximisation_loss` as a target loss.

    Args:
        loss_weight: As for :class:`TargetLoss`. Defaults to 1.
        loss_name: Likewise.

    Examples:
        >>> import torch
        >>> one_hot = torch.tensor([[[9.0, -9.0], [-9.0, 9.0]]])  # two pixels of two classes
        >>> InformationMaximisationLoss()(one_hot)  # -log 2
        tensor(-0.6931)
    """

    def __init__(
        self, loss_weight: float = 1.0, loss_name: str = 'loss_information_maximisation'
    ) -> None:
        super().__init__(loss_weight=loss_weight, loss_name=loss_name)

    def unweighted(self, pred: Tensor, ignore: Tensor | None, weight: Tensor | None) -> Tensor:
        """See :class:`TargetLoss`.

        Raises:
            ValueError: If pixels have weights, which this loss does not know.
        """
        if weight is not None:
            raise ValueError('InformationMaximisationLoss has no weights of pixels')
        return information_maximisation_loss(pred, ignore)

    def extra_repr(self) -> str:
        return f'loss_weight={self.loss_weight}'
