"""The segmentation head of Wider ResNet-38."""

from collections.abc import Sequence
from typing import Any

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

RATE = 12


@MODELS.register_module()
class WiderResNetHead(BaseDecodeHead):
    """Two 3x3 convolutions of dilation 12 with biases and a ReLU between, without norms.

    With 4096 input channels, 512 between and 19 classes it has 19.0 M parameters.

    Args:
        in_channels: Channels of the feature map. Defaults to 4096.
        channels: Channels between the convolutions. Defaults to 512.
        dropout_ratio: Defaults to 0.
        init_cfg: Defaults to a normal distribution with standard deviation 0.01.
        **kwargs: Other arguments of :class:`BaseDecodeHead`.
    """

    def __init__(
        self,
        in_channels: int = 4096,
        channels: int = 512,
        *,
        dropout_ratio: float = 0.0,
        init_cfg: dict | None = dict(type='Normal', layer='Conv2d', std=0.01),
        **kwargs: Any,
    ) -> None:
        options = dict(channels=channels, dropout_ratio=dropout_ratio, init_cfg=init_cfg)
        super().__init__(in_channels, **options, **kwargs)
        del self.conv_seg  # a 1x1 convolution, which this head does not have
        options = dict(padding=RATE, dilation=RATE)
        self.hidden = nn.Conv2d(in_channels, channels, 3, **options)
        self.classifier = nn.Conv2d(channels, self.out_channels, 3, **options)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits ``(B, num_classes, h, w)`` at the resolution of the feature map."""
        x = F.relu(self.hidden(self._transform_inputs(inputs)))
        if self.dropout is not None:
            x = self.dropout(x)
        return self.classifier(x)
