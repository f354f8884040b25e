"""Indicators of an adaptation that need no labels: pure functions of predictions.

Shapes: ``B`` images, ``C`` classes, any spatial axes. Functions of logits or label maps
return one value per image.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

SND_TEMPERATURE = 0.05  # of the paper


def confidence(logits: Tensor) -> Tensor:
    """Mean highest probability of the pixels, ``(B,)`` in [1/C, 1], of ``(B, C, *spatial)``.

    Source: Hendrycks and Gimpel, ICLR 2017 (arXiv 1610.02136).
    """
    return logits.float().softmax(1).amax(1).flatten(1).mean(1)


def normalised_entropy(logits: Tensor) -> Tensor:
    """Mean entropy of the pixels divided by log C, ``(B,)`` in [0, 1], of ``(B, C, *spatial)``.

    Source: Morerio et al., ICLR 2018 (arXiv 1711.10288), who choose by it.
    """
    log_p = logits.float().log_softmax(1)
    return -(log_p.exp() * log_p).sum(1).flatten(1).mean(1) / math.log(logits.shape[1])


def information(entropy: Tensor, shares: Tensor) -> Tensor:
    """Mean entropy minus entropy of the mean prediction, divided by log C; lower is better.

    Source: information maximisation as in SHOT (Liang et al., ICML 2020, arXiv 2002.08546).

    Args:
        entropy: :func:`normalised_entropy` of each image, ``(B,)``.
        shares: :func:`~mmseg_maxsquare.losses.class_shares` of each image, ``(B, C)``.

    Returns:
        Scalar in [-1, 0].
    """
    mean = shares.mean(0)
    return entropy.mean() + torch.xlogy(mean, mean).sum() / math.log(len(mean))


def share_divergence(shares: Tensor, reference: Tensor) -> Tensor:
    """KL divergence of class shares from reference shares, in nats.

    Args:
        shares: Of the adapted model, ``(B, C)``.
        reference: Such as those of the source model for the same images, ``(B, C)``.

    Returns:
        ``(B,)``, at least 0.
    """
    tiny = torch.finfo(shares.dtype).tiny
    return torch.xlogy(reference, reference / shares.clamp(min=tiny)).sum(1)


def retained_share(shares: Tensor, reference: Tensor, least: float = 0.002) -> Tensor:
    """Smallest ratio of a class's share to its reference share; 0 if a class is lost.

    Args:
        shares: Shares of the predicted labels over all images, ``(C,)``.
        reference: Those of the source model, ``(C,)``.
        least: Classes with a smaller reference share do not count. Defaults to 0.002.

    Returns:
        Scalar, at least 0; 1 if no class counts.
    """
    counts = reference >= least
    return (shares[counts] / reference[counts]).amin() if counts.any() else shares.new_tensor(1.0)


def disagreement(labels: Tensor, others: Tensor) -> Tensor:
    """Share of pixels that two predictions label differently, ``(B,)`` in [0, 1].

    With the source model's labels: how far the model has moved (source: Jiang et al.,
    ICLR 2022, arXiv 2106.13799). With those for another view of the image, such as its
    mirror image: inconsistency.

    Args:
        labels: ``(B, *spatial)``.
        others: Likewise.
    """
    return (labels != others).flatten(1).float().mean(1)


def soft_neighbourhood_density(logits: Tensor, pixels: int = 1024) -> Tensor:
    """How densely the predictions of an image lie; higher is better.

    Entropy of the similarities of each pixel's prediction to those of the others.

    Source: Saito et al., ICCV 2021 (arXiv 2108.10860), Eq. 1 to 3.

    Args:
        logits: ``(B, C, *spatial)``.
        pixels: Evenly spaced pixels that are compared. Defaults to 1024.

    Returns:
        ``(B,)`` in nats, from 0 to log(pixels - 1).
    """
    p = normalize(logits.float().softmax(1).flatten(2), dim=1)
    chosen = torch.linspace(0, p.shape[2] - 1, min(pixels, p.shape[2]), device=p.device)
    p = p[..., chosen.round().long()]
    similarity = p.transpose(1, 2) @ p / SND_TEMPERATURE
    itself = torch.eye(similarity.shape[1], dtype=torch.bool, device=p.device)
    log_q = similarity.masked_fill(itself, -torch.inf).log_softmax(2)
    return -torch.xlogy(log_q.exp(), log_q.exp()).sum(2).mean(1)
