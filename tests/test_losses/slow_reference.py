"""The target losses once more: the paper's formulas as loops over single numbers.

Written from the equations, not from the package, so that both can be compared.
Everything is a float64 scalar tensor, so autograd gives the gradient. Shapes as
in the package: logits ``(B, C, *spatial)``, ignore ``(B, *spatial)``.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def max_square(p: Tensor) -> Tensor:
    """One term of the sum of Eq. 6, of one class of one pixel."""
    return -p * p / 2


def entropy(p: Tensor) -> Tensor:
    """One term of the sum of Eq. 3."""
    return -p * torch.log(p)


def scaled_entropy(gamma: float) -> Callable[[Tensor], Tensor]:
    """Term of Eq. 3 at the scaled probability (1 - 2 gamma) p + gamma."""
    return lambda p: entropy((1 - 2 * gamma) * p + gamma)


def image_mean_loss(
    term: Callable[[Tensor], Tensor],
    logits: Tensor,
    alpha: float = 0.0,
    weight_by: str = 'class',
    class_average: bool = False,
    ignore: Tensor | None = None,
) -> Tensor:
    """Eq. 3 or 6, and with ``alpha > 0`` Eq. 13, image by image and then averaged."""
    images = []
    for b in range(logits.shape[0]):
        pixels = counted_pixels(logits, ignore, b)
        counts = class_counts(pixels, logits.shape[1])
        image = torch.zeros((), dtype=torch.float64)
        for pixel in pixels:
            for c, p in enumerate(softmax(pixel)):
                n_c = counts[c] if weight_by == 'class' else counts[predicted_class(pixel)]
                image = image + term(p) / (max(n_c, 1) ** alpha * len(pixels) ** (1 - alpha))
        images.append(image / logits.shape[1] if class_average else image)
    return sum(images) / len(images)


def pearson_chi2(logits: Tensor) -> Tensor:
    """Eq. 10 of every pixel, ``(B, N)``."""
    return torch.stack(
        [
            torch.stack([len(z) * sum(p * p for p in softmax(z)) - 1 for z in pixels])
            for pixels in (counted_pixels(logits, None, b) for b in range(logits.shape[0]))
        ]
    )


def class_counts(pixels: list[list[Tensor]], classes: int) -> list[int]:
    """Eq. 11 and 12: how many pixels are predicted as each class."""
    counts = [0] * classes
    for pixel in pixels:
        counts[predicted_class(pixel)] += 1
    return counts


def predicted_class(pixel: list[Tensor]) -> int:
    """Eq. 11: the class with the highest score."""
    scores = [z.item() for z in pixel]
    return scores.index(max(scores))


def softmax(pixel: list[Tensor]) -> list[Tensor]:
    """Probabilities of one pixel."""
    total = sum(torch.exp(z) for z in pixel)
    return [torch.exp(z) / total for z in pixel]


def counted_pixels(logits: Tensor, ignore: Tensor | None, b: int) -> list[list[Tensor]]:
    """Scores of each pixel of image b that is not ignored, one scalar per class."""
    flat = logits[b].reshape(logits.shape[1], -1)
    size = math.prod(logits.shape[2:])
    skip = [False] * size if ignore is None else ignore[b].reshape(-1).tolist()
    return [list(flat[:, n].unbind()) for n in range(size) if not skip[n]]
