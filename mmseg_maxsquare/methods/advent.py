"""ADVENT: entropy minimisation, direct and adversarial (Vu et al., CVPR 2019)."""

import math

import torch
from mmseg.registry import MODELS
from torch import Tensor

from .adversarial import Adversarial, checked_weights
from .checks import check_share
from .method import Method, Predictions


def self_information(logits: Tensor) -> Tensor:
    """Weighted self-information ``-p log p / log C`` of each class (Section 3.2).

    Args:
        logits: ``(B, C, *spatial)``.

    Returns:
        The same shape; the sum over the classes is the entropy of a pixel, in [0, 1]. Float32
        for half precision.
    """
    logits = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
    log_p = logits.log_softmax(1)
    # The limit of p log p is 0; the released code adds 1e-30 to p instead.
    return -log_p.exp() * log_p / math.log(logits.shape[1])


def normalised_entropy_loss(
    logits: Tensor, hardest: float = 1.0, ignore: Tensor | None = None
) -> Tensor:
    """Mean entropy of the most uncertain pixels of each image, in [0, 1].

    With all pixels this is the loss of MinEnt (Eq. 3 of the ADVENT paper); with 0.3 the one
    of MinEnt with entropy ranking ("ER").

    Args:
        logits: ``(B, C, *spatial)``.
        hardest: Share of the pixels that count, in (0, 1]; at least one pixel does.
            Defaults to 1.
        ignore: Boolean ``(B, *spatial)``, True for pixels that do not count. Defaults to None.

    Returns:
        Scalar mean over the images; 0 for an image without a pixel that counts.

    Examples:
        >>> normalised_entropy_loss(torch.zeros(2, 19, 4, 4))
        tensor(1.)
    """
    entropy = self_information(logits).sum(1).flatten(1)
    if ignore is None and hardest == 1:
        return entropy.mean()
    counted = torch.ones_like(entropy, dtype=torch.bool)
    if ignore is not None:
        counted = ~ignore.flatten(1)
    # Ignored pixels rank last. Ranks instead of a threshold: with ties, too, the share is exact.
    ranking = (
        entropy.detach().masked_fill(~counted, -1).argsort(dim=1, descending=True, stable=True)
    )
    kept = (counted.sum(1, keepdim=True) * hardest).round().clamp(min=1)
    ranks = torch.arange(entropy.shape[1], device=entropy.device)
    used = torch.zeros_like(counted).scatter(1, ranking, ranks < kept) & counted
    sums = torch.where(used, entropy, torch.zeros_like(entropy)).sum(1)
    return (sums / used.sum(1).clamp(min=1)).mean()


@MODELS.register_module()
class AdventMinEnt(Method):
    """MinEnt as ADVENT has it: normalised entropy, on every level.

    Not the MinEnt of the maximum squares paper (:class:`EntropyLoss` with
    ``class_average``), which is 15.5 times stronger at 19 classes.

    Args:
        weights: lambda_ent by the name of the head; as released ``dict(decode_head=0.001,
            auxiliary_head=0.0002)``.
        hardest: See :func:`normalised_entropy_loss`; 0.3 for "ER". Defaults to 1.

    Raises:
        ValueError: If a parameter is out of its range.
    """

    def __init__(self, weights: dict[str, float], hardest: float = 1.0) -> None:
        super().__init__()
        self.weights = checked_weights(weights)
        check_share('hardest', hardest)
        self.hardest = hardest
        self.levels = tuple(self.weights)

    def target_terms(self, seen: Predictions) -> dict[str, Tensor]:
        """The entropies, weighted."""
        return {
            f'loss_entropy.{level}': weight
            * normalised_entropy_loss(seen.levels[level], self.hardest, seen.ignore)
            for level, weight in self.weights.items()
        }


@MODELS.register_module()
class AdvEnt(Adversarial):
    """The discriminators see the self-information of each class.

    Args:
        weights: lambda_adv by the name of the head; as released ``dict(decode_head=0.001,
            auxiliary_head=0.0002)``.
        gan: ``'vanilla'``, as published, or ``'least_squares'``. Defaults to 'vanilla'.
    """

    def discriminated(self, logits: Tensor) -> Tensor:
        """Self-information ``(B, C, H, W)``."""
        return self_information(logits)
