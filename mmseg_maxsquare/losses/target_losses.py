"""The target losses as modules with mmseg's interface: thin wrappers of the functions.

``models`` registers them in mmseg's registry, so that this package needs only PyTorch.
"""

from torch import Tensor, nn

from .functional import check_gamma, check_weighting, entropy_loss, max_square_loss


def check_weight(loss_weight: float, loss_name: str) -> None:
    """Raise ``ValueError`` unless mmseg can weigh and sum the loss."""
    if not loss_weight >= 0:
        raise ValueError(f'loss_weight must be at least 0, got {loss_weight}')
    if 'loss' not in loss_name:
        raise ValueError(f'loss_name must contain "loss" to enter the sum, got {loss_name!r}')


class TargetLoss(nn.Module):
    """Base class of the target losses: parameters and mmseg's ``loss_decode`` call.

    Args:
        alpha: Exponent of the image-wise weighting in [0, 1] (Eq. 13); 0 is the
            plain loss. Defaults to 0.
        weight_by: ``'class'`` (Eq. 13) or ``'argmax'`` (released code).
            Defaults to 'class'.
        class_average: Divide by the number of classes, as the released code
            does; its lambda_T of 0.1 belongs to this. Defaults to False (Eq. 3, 6).
        loss_weight: Factor of the loss, lambda_T of Eq. 1, at least 0.
            Defaults to 1.
        loss_name: Name in the log; must contain "loss", since mmseg sums only such
            terms.

    Raises:
        ValueError: If a parameter is out of its range.
    """

    def __init__(
        self,
        alpha: float = 0.0,
        weight_by: str = 'class',
        class_average: bool = False,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_target',
    ) -> None:
        super().__init__()
        check_weighting(alpha, weight_by)
        check_weight(loss_weight, loss_name)
        self.alpha = alpha
        self.weight_by = weight_by
        self.class_average = class_average
        self.loss_weight = loss_weight
        self._loss_name = loss_name

    @property
    def loss_name(self) -> str:
        """Name of the loss in the log."""
        return self._loss_name

    def forward(
        self,
        pred: Tensor,
        label: Tensor | None = None,
        weight: Tensor | None = None,
        ignore_index: int | None = 255,
    ) -> Tensor:
        """Weighted loss of a batch.

        Args:
            pred: Logits ``(B, C, *spatial)``.
            label: ``(B, *spatial)``; pixels with ``ignore_index`` do not count,
                otherwise the labels are not used. Defaults to None.
            weight: Factor of each pixel's loss, ``(B, *spatial)``.
            ignore_index: Label of the pixels that do not count. Defaults to 255.

        Returns:
            Scalar loss times ``loss_weight``.
        """
        ignore = None if label is None or ignore_index is None else label == ignore_index
        return self.loss_weight * self.unweighted(pred, ignore, weight)

    def unweighted(self, pred: Tensor, ignore: Tensor | None, weight: Tensor | None) -> Tensor:
        """The loss without ``loss_weight``."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        return (
            f'alpha={self.alpha}, weight_by={self.weight_by!r}, '
            f'class_average={self.class_average}, loss_weight={self.loss_weight}'
        )


class MaxSquareLoss(TargetLoss):
    """Maximum squares loss, Eq. 6 and (``alpha > 0``) Eq. 13.

    Examples:
        >>> import torch
        >>> loss = MaxSquareLoss(loss_weight=0.1)
        >>> loss(torch.zeros(2, 19, 4, 4))  # uniform: -0.1 / (2 * 19)
        tensor(-0.0026)
    """

    def __init__(
        self,
        alpha: float = 0.0,
        weight_by: str = 'class',
        class_average: bool = False,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_max_square',
    ) -> None:
        super().__init__(alpha, weight_by, class_average, loss_weight, loss_name)

    def unweighted(self, pred: Tensor, ignore: Tensor | None, weight: Tensor | None) -> Tensor:
        return max_square_loss(pred, self.alpha, self.weight_by, self.class_average, ignore, weight)


class EntropyLoss(TargetLoss):
    """Entropy minimisation, Eq. 3; ``gamma > 0`` is the scaled entropy (Section 1).

    Args:
        gamma: Scale in [0, 0.5). Defaults to 0.
    """

    def __init__(
        self,
        alpha: float = 0.0,
        weight_by: str = 'class',
        class_average: bool = False,
        gamma: float = 0.0,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_entropy',
    ) -> None:
        super().__init__(alpha, weight_by, class_average, loss_weight, loss_name)
        check_gamma(gamma)
        self.gamma = gamma

    def unweighted(self, pred: Tensor, ignore: Tensor | None, weight: Tensor | None) -> Tensor:
        return entropy_loss(
            pred, self.alpha, self.weight_by, self.class_average, self.gamma, ignore, weight
        )

    def extra_repr(self) -> str:
        return f'{super().extra_repr()}, gamma={self.gamma}'
