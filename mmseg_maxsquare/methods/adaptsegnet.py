"""AdaptSegNet: alignment in the output space (Tsai et al., CVPR 2018)."""

from mmseg.registry import MODELS
from torch import Tensor

from .adversarial import Adversarial


@MODELS.register_module()
class AdaptSegNet(Adversarial):
    """The discriminators see the class probabilities.

    Args:
        weights: lambda_adv by the name of the head. As released: ``dict(decode_head=0.001,
            auxiliary_head=0.0002)`` for two levels, ``dict(decode_head=0.001)`` for one, 0.01
            for one with least squares.
        gan: ``'vanilla'`` or ``'least_squares'``. Defaults to 'vanilla'.
    """

    def discriminated(self, logits: Tensor) -> Tensor:
        """Probabilities ``(B, C, H, W)``."""
        return logits.softmax(1)
