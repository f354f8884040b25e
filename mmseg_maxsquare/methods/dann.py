"""DANN: domain-adversarial training of features (Ganin et al., JMLR 2016)."""

from typing import Any

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from .checks import check_count, check_weight
from .method import Method, Predictions

SHARPNESS = 10.0  # gamma of Section 5.2.2
WIDTH = 1024


class _Reversal(torch.autograd.Function):
    """The identity, with the gradient times a negative factor."""

    @staticmethod
    def forward(context: Any, features: Tensor, factor: Tensor) -> Tensor:
        context.save_for_backward(factor)
        return features.view_as(features)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (factor,) = context.saved_tensors
        return -factor.to(gradient.dtype) * gradient, None


def reverse_gradient(features: Tensor, factor: Tensor | float) -> Tensor:
    """Features unchanged; their gradient is multiplied by ``-factor`` (Eq. 15 and 16).

    Args:
        features: Any shape.
        factor: Scalar, at least 0.
    """
    factor = torch.as_tensor(factor, device=features.device)
    return _Reversal.apply(features, factor)


def reversal_factor(step: Tensor | float, steps: int) -> Tensor:
    """``2 / (1 + exp(-10 p)) - 1`` with ``p = step / steps`` (Section 5.2.2).

    Args:
        step: Steps made so far.
        steps: Length of the schedule.

    Returns:
        Scalar, rising from 0 to 0.9999 at ``steps``, float32 or as ``step``.

    Examples:
        >>> [round(float(reversal_factor(step, 1000)), 3) for step in (0, 50, 100, 1000)]
        [0.0, 0.245, 0.462, 1.0]
    """
    progress = torch.as_tensor(step, dtype=torch.float64) / steps
    return torch.tanh(SHARPNESS * progress / 2).float()


@MODELS.register_module()
class DANN(Method):
    """A classifier of domains learns from features that are trained to mislead it.

    Its three layers (1024-1024-1, ReLU, dropout) see the features that enter the classifier;
    half of the loss comes from each domain. The model's optimizer trains it, at full
    weight; only the gradient into the features is scaled, by :func:`reversal_factor`.

    Args:
        steps: Length of the schedule of the reversal, usually of the run.
        loss_weight: Factor of the loss. Defaults to 1.

    Raises:
        ValueError: If a parameter is out of its range.
    """

    def __init__(self, steps: int, loss_weight: float = 1.0) -> None:
        super().__init__()
        check_count('steps', steps)
        check_weight('loss_weight', loss_weight)
        self.steps, self.loss_weight = steps, loss_weight
        self.reads_source = True
        self.register_buffer('step', torch.zeros((), dtype=torch.int64))

    def build_networks(self, model: nn.Module) -> None:
        """The discriminator.

        Raises:
            ValueError: If the model is no classifier of images.
        """
        classifier = getattr(model, 'classifier', None)
        if not isinstance(classifier, nn.Linear):
            raise ValueError('DANN aligns the features of a UDAImageClassifier, not of segmentors')
        self.discriminator = nn.Sequential(
            *(nn.Linear(classifier.in_features, WIDTH), nn.ReLU(), nn.Dropout(0.5)),
            *(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Dropout(0.5)),
            nn.Linear(WIDTH, 1),
        )

    def source_terms(self, seen: Predictions) -> dict[str, Tensor]:
        """Features of the source, label 1."""
        return {'loss_domain': self._loss(seen.features[-1], 1.0)}

    def target_terms(self, seen: Predictions) -> dict[str, Tensor]:
        """Features of the target, label 0; then the schedule goes on."""
        terms = {'loss_domain': self._loss(seen.features[-1], 0.0)}
        if self.training:
            self.step += 1
        return terms

    def _loss(self, features: Tensor, label: float) -> Tensor:
        factor = reversal_factor(self.step, self.steps)
        logits = self.discriminator(reverse_gradient(features, factor))
        labels = torch.full_like(logits, label)
        return 0.5 * self.loss_weight * F.binary_cross_entropy_with_logits(logits, labels)
