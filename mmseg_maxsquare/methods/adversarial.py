"""Adversarial alignment of predictions: the discriminator, and its part in a step."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .checks import check_weight
from .method import Method, Predictions, frozen

SOURCE, TARGET = 0.0, 1.0  # labels of the discriminator
GANS = ('vanilla', 'least_squares')
SMALLEST = 32  # pixels a side, so that every layer has an output
WIDTHS = (64, 128, 256, 512)


class PatchDiscriminator(nn.Sequential):
    """Judges patches of a map with one channel per class: which domain are they from?

    Five 4x4 convolutions of stride 2 with LeakyReLU(0.2) between them, without norms; the
    output is a map of logits (AdaptSegNet, Section 4.2, and the released code). With 19 classes
    it has 2,781,121 parameters.

    Args:
        num_classes: C, channels of the input.
    """

    def __init__(self, num_classes: int) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in zip((num_classes, *WIDTHS), (*WIDTHS, 1), strict=True):
            layers += [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        super().__init__(*layers[:-1])

    def forward(self, maps: Tensor) -> Tensor:
        """Logits ``(B, 1, H // 32, W // 32)`` of maps ``(B, C, H, W)``.

        Raises:
            ValueError: If a side has fewer than 32 pixels.
        """
        if min(maps.shape[2:]) < SMALLEST:
            raise ValueError(
                f'the discriminator needs images of at least {SMALLEST}x{SMALLEST} pixels, got '
                f'{maps.shape[3]}x{maps.shape[2]}; use larger images or crops'
            )
        return super().forward(maps)


def domain_loss(
    logits: Tensor, label: float, gan: str = 'vanilla', ignore: Tensor | None = None
) -> Tensor:
    """Loss of patches that shall be judged as one domain, a mean over the patches.

    Args:
        logits: Of the discriminator, ``(B, 1, h, w)``.
        label: 0 for the source, 1 for the target.
        gan: ``'vanilla'``, binary cross entropy; or ``'least_squares'``, the squared
            distance of the raw output from the label.
        ignore: Boolean ``(B, H, W)``, True for pixels that do not count; a patch weighs as
            much as the share of its pixels that count. Defaults to None.

    Returns:
        Scalar; 0 if no pixel counts.
    """
    label_map = torch.full_like(logits, label)
    judge = F.mse_loss if gan == 'least_squares' else F.binary_cross_entropy_with_logits
    if ignore is None:
        return judge(logits, label_map)
    losses = judge(logits, label_map, reduction='none')
    counted = F.adaptive_avg_pool2d((~ignore).to(losses.dtype).unsqueeze(1), logits.shape[2:])
    return (losses * counted).sum() / counted.sum().clamp(min=torch.finfo(losses.dtype).tiny)


class Adversarial(Method):
    """Target predictions shall look like source predictions to a discriminator.

    One :class:`PatchDiscriminator` for each level. The target pass gets the loss of target
    maps labelled as source, which leaves the discriminators alone; then these learn from
    the same predictions, half of the loss from each domain. A subclass has
    ``discriminated(logits)``.

    Args:
        weights: lambda_adv by the name of the head, such as ``dict(decode_head=0.001,
            auxiliary_head=0.0002)``.
        gan: See :func:`domain_loss`. Defaults to 'vanilla'.

    Raises:
        ValueError: If a parameter is out of its range.
    """

    def __init__(self, weights: dict[str, float], gan: str = 'vanilla') -> None:
        super().__init__()
        self.weights = checked_weights(weights)
        if gan not in GANS:
            raise ValueError(f'gan must be one of {GANS}, got {gan!r}')
        self.gan = gan
        self.levels = tuple(self.weights)
        self.reads_source = self.own_optimizer = True
        self.smallest_side = SMALLEST
        self.discriminators = nn.ModuleDict()

    def build_networks(self, model: nn.Module) -> None:
        """One discriminator for each level."""
        for level in self.levels:
            key = level.replace('.', '_')  # no dots in the names of modules
            self.discriminators[key] = PatchDiscriminator(model.num_classes)

    def discriminated(self, logits: Tensor) -> Tensor:
        """What the discriminators see of logits ``(B, C, H, W)``: a map of the same shape."""
        raise NotImplementedError

    def target_terms(self, seen: Predictions) -> dict[str, Tensor]:
        """The adversarial losses, weighted."""
        terms = {}
        for level, weight in self.weights.items():
            with frozen(self._discriminator(level)):
                judged = self._judge(level, seen)
            loss = domain_loss(judged, SOURCE, self.gan, seen.ignore)
            terms[f'loss_adversarial.{level}'] = weight * loss
        return terms

    def network_terms(self, domain: str, seen: Predictions) -> dict[str, Tensor]:
        """The discriminators' losses, halved."""
        label = SOURCE if domain == 'source' else TARGET
        return {
            f'loss_discriminator.{level}': 0.5
            * domain_loss(self._judge(level, seen), label, self.gan, seen.ignore)
            for level in self.levels
        }

    def _judge(self, level: str, seen: Predictions) -> Tensor:
        maps = self.discriminated(seen.levels[level])
        if seen.ignore is not None:
            maps = maps.masked_fill(seen.ignore.unsqueeze(1), 0)
        return self._discriminator(level)(maps)

    def _discriminator(self, level: str) -> nn.Module:
        return self.discriminators[level.replace('.', '_')]


def checked_weights(weights: object) -> dict[str, float]:
    """Weights by the name of the head.

    Raises:
        ValueError: If there is none, or one is negative or no number.
    """
    if not isinstance(weights, dict) or not weights:
        raise ValueError(
            'weights must be a dict with a weight for each head, such as '
            f'dict(decode_head=0.001), got {weights!r}'
        )
    for level, weight in weights.items():
        check_weight(f'weights.{level}', weight)
    return dict(weights)
