"""Alignment of features on a grid, globally and class by class (Chen et al., ICCV 2017).

What can be built of "No More Discrimination" without its street-view pairs: GA + CA without
the static prior, which users may replace by masks of their own.
"""

from collections.abc import Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from .checks import check_count, check_weight
from .dann import reversal_factor
from .method import Method, Predictions, frozen

LEVEL = 'decode_head'
WIDTH = 1024
TINY = 5e-6  # of the released code, keeps a class without weight from dividing by 0
SOURCE, TARGET = 0, 1


def grid_weights(shares: Tensor, counted: Tensor, size: tuple[int, int]) -> Tensor:
    """How much each cell of a grid belongs to each class.

    Args:
        shares: Probabilities or one-hot labels ``(B, C, H, W)``.
        counted: Boolean ``(B, H, W)``, False for pixels that do not count.
        size: ``(h, w)`` of the grid.

    Returns:
        ``(B, C, h, w)``: means over the counted pixels of a cell; 0 for a cell without any.
    """
    mask = counted.unsqueeze(1).to(shares.dtype)
    sums = F.adaptive_avg_pool2d(shares * mask, size)
    return sums / F.adaptive_avg_pool2d(mask, size).clamp(min=1e-6)


def grid_loss(logits: Tensor, label: int, weights: Tensor) -> Tensor:
    """Cross entropy of cells with a domain, weighted; a mean over the images.

    Args:
        logits: ``(B, 2, h, w)``.
        label: 0 for the source, 1 for the target.
        weights: ``(B, h, w)``.
    """
    losses = -logits.log_softmax(1)[:, label]
    of_image = (losses * weights).sum((1, 2)) / (weights.sum((1, 2)) + TINY)
    return of_image.mean()


def still(probabilities: Tensor, static: Tensor, moving: Sequence[int]) -> Tensor:
    """Probabilities without the moving classes where a mask says that nothing moves.

    Args:
        probabilities: ``(B, C, H, W)``.
        static: Boolean ``(B, H, W)``.
        moving: Numbers of the classes that can move.

    Returns:
        The same shape; the other classes sum to 1 again.
    """
    kept = probabilities.clone()
    kept[:, list(moving)] = kept[:, list(moving)].masked_fill(static.unsqueeze(1), 0)
    return kept / kept.sum(1, keepdim=True).clamp(min=1e-12)


def _discriminator(channels: int) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(channels, WIDTH, 1), nn.ReLU(), nn.Dropout2d(0.5)),
        *(nn.Conv2d(WIDTH, WIDTH, 1), nn.ReLU(), nn.Dropout2d(0.5)),
        nn.Conv2d(WIDTH, 2, 1),
    )


@MODELS.register_module()
class CrossCity(Method):
    """GA + CA: one discriminator of all cells, and one for each class.

    They see the map that the decode head reads. A cell weighs in a class as much as it
    belongs to it: by the labels of the source, by the predictions for the target. The features
    learn to mislead the first (inverted labels) and to confuse the others (the mean of both
    labels), with a weight that rises from 0; the class-wise part sets in later.

    Unlike the released code, pixels that are ignored in the source belong to no class there.

    Args:
        weight: Final weight of both parts. Defaults to 0.05.
        ramp: Steps over which the weight rises to nearly that. Defaults to 1200, of 3,000 steps.
        start: Step at which the class-wise part sets in. Defaults to 1000, of 3,000 steps.
        moving: Numbers of the classes that can move, which get no probability where a mask says
            that nothing moves. Only with masks (:class:`LoadStaticMask`), and needed there.

    Raises:
        ValueError: If a parameter is out of its range.
    """

    def __init__(
        self, weight: float = 0.05, ramp: int = 1200, start: int = 1000, moving: Sequence[int] = ()
    ) -> None:
        super().__init__()
        check_weight('weight', weight)
        check_count('ramp', ramp)
        check_count('start', start, 0)
        for number in moving:
            check_count('moving', number, 0)
        self.weight, self.ramp, self.start = weight, ramp, start
        self.moving = tuple(moving)
        self.levels = (LEVEL,)
        self.reads_source = self.own_optimizer = True
        self.register_buffer('step', torch.zeros((), dtype=torch.int64))

    def build_networks(self, model: nn.Module) -> None:
        """The discriminators.

        Raises:
            ValueError: If the decode head reads several maps, or lacks a moving class.
        """
        if any(number >= model.num_classes for number in self.moving):
            found = f'{list(self.moving)}, but the model has {model.num_classes} classes'
            raise ValueError(f'moving is {found}, numbered from 0; correct it')
        head = model.head(LEVEL)
        if not isinstance(head.in_channels, int):
            raise ValueError('CrossCity needs a decode head that reads one map of the backbone')
        self.index = head.in_index
        self.overall = _discriminator(head.in_channels)
        self.by_class = nn.ModuleList(
            _discriminator(head.in_channels) for _ in range(model.num_classes)
        )

    def source_terms(self, seen: Predictions) -> dict[str, Tensor]:
        """Both parts on source features."""
        return self._feature_terms(seen, SOURCE)

    def target_terms(self, seen: Predictions) -> dict[str, Tensor]:
        """Both parts on target features; then the ramp goes on."""
        terms = self._feature_terms(seen, TARGET)
        if self.training:
            self.step += 1
        return terms

    def network_terms(self, domain: str, seen: Predictions) -> dict[str, Tensor]:
        """Losses of the discriminators, with the true labels."""
        label = SOURCE if domain == 'source' else TARGET
        features, weights = seen.features[self.index], self._weights(seen)
        overall = grid_loss(self.overall(features), label, torch.ones_like(weights[:, 0]))
        by_class = [
            grid_loss(network(features), label, weights[:, c])
            for c, network in enumerate(self.by_class)
        ]
        return {'loss_domain.overall': overall, 'loss_domain.by_class': sum(by_class)}

    def _feature_terms(self, seen: Predictions, label: int) -> dict[str, Tensor]:
        features, weights = seen.features[self.index], self._weights(seen)
        factors = [
            self.weight * reversal_factor((self.step - start).clamp(min=0), self.ramp).to(features)
            for start in (0, self.start)
        ]
        with frozen(self):
            overall = grid_loss(self.overall(features), 1 - label, torch.ones_like(weights[:, 0]))
            by_class = features.new_zeros(())
            for c, network in enumerate(self.by_class):
                logits = network(features)
                both = [grid_loss(logits, each, weights[:, c]) for each in (SOURCE, TARGET)]
                by_class = by_class + sum(both) / 2
        return {
            'loss_features.overall': factors[0] * overall,
            'loss_features.by_class': factors[1] * by_class,
        }

    def _weights(self, seen: Predictions) -> Tensor:
        """Weights ``(B, C, h, w)`` of the cells, without a gradient."""
        logits = seen.levels[LEVEL].detach()
        size = tuple(seen.features[self.index].shape[2:])
        counted = torch.ones_like(logits[:, 0], dtype=torch.bool)
        if seen.ignore is not None:
            counted = ~seen.ignore
        if seen.labels is None:
            shares = logits.softmax(1)
            if seen.static is not None:
                if not self.moving:
                    raise ValueError(
                        'CrossCity.moving: needed with masks of static objects; give the numbers '
                        'of the classes that can move, or leave LoadStaticMask out'
                    )
                shares = still(shares, seen.static, self.moving)
            return grid_weights(shares, counted, size)
        classes = logits.shape[1]
        counted = counted & (seen.labels < classes)
        shares = F.one_hot(seen.labels.clamp(max=classes - 1), classes).movedim(-1, 1)
        return grid_weights(shares.to(logits.dtype), counted, size)
