"""The segmentors of mmseg that learn from a labelled and an unlabelled domain."""

from mmseg.models import CascadeEncoderDecoder, EncoderDecoder
from mmseg.registry import MODELS
from torch import Tensor

from .predicted_logits import predicted_logits
from .uda_segmentor import UDASegmentor


@MODELS.register_module()
class UDAEncoderDecoder(UDASegmentor, EncoderDecoder):
    """An ordinary EncoderDecoder with a loss for unlabelled target images.

    Its arguments are those of :class:`UDASegmentor` and mmseg's ``EncoderDecoder``.
    """

    def final_logits(self, features: list[Tensor], size: tuple[int, ...]) -> Tensor:
        """Logits ``(B, C, H, W)`` of the decode head."""
        return predicted_logits(self.decode_head, (features,), size, self.test_cfg)


@MODELS.register_module()
class UDACascadeEncoderDecoder(UDASegmentor, CascadeEncoderDecoder):
    """A CascadeEncoderDecoder (OCRNet, PointRend) with a loss for unlabelled target images.

    Its arguments are those of :class:`UDASegmentor` and mmseg's ``CascadeEncoderDecoder``.
    """

    def final_logits(self, features: list[Tensor], size: tuple[int, ...]) -> Tensor:
        """Logits ``(B, C, H, W)`` of the last stage, which builds on those before it."""
        coarse = self.decode_head[0].forward(features)
        for head in self.decode_head[1:-1]:
            coarse = head.forward(features, coarse)
        return predicted_logits(self.decode_head[-1], (features, coarse), size, self.test_cfg)
