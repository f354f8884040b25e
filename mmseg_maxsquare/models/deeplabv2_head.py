"""The classifier of DeepLab v2."""

from collections.abc import Sequence
from typing import Any

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class DeepLabV2Head(BaseDecodeHead):
    """Dilated 3x3 classifiers on one feature map, summed (ASPP of DeepLab v2).

    Args:
        in_channels: Channels of the feature map.
        dilations: Dilation of each classifier. Defaults to (6, 12, 18, 24), as in the
            paper; the released code uses only (6, 12).
        dropout_ratio: Defaults to 0.
        init_cfg: Defaults to a normal distribution with standard deviation 0.01.
        **kwargs: Other arguments of :class:`BaseDecodeHead`. ``channels`` is
            accepted but not used, since there is no layer before the classifiers.

    Raises:
        ValueError: If ``dilations`` is empty.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        dilations: Sequence[int] = (6, 12, 18, 24),
        dropout_ratio: float = 0.0,
        init_cfg: dict | None = dict(type='Normal', layer='Conv2d', std=0.01),
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault('channels', in_channels)
        super().__init__(in_channels, dropout_ratio=dropout_ratio, init_cfg=init_cfg, **kwargs)
        if not dilations:
            raise ValueError('dilations must name at least one rate, got none')
        # BaseDecodeHead builds a 1x1 classifier for every head; unused
        # parameters would be saved and would stop DistributedDataParallel.
        del self.conv_seg
        self.classifiers = nn.ModuleList(
            nn.Conv2d(self.in_channels, self.out_channels, 3, padding=rate, dilation=rate)
            for rate in dilations
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits ``(B, num_classes, h, w)`` at the resolution of the feature map."""
        x = self._transform_inputs(inputs)
        if self.dropout is not None:
            x = self.dropout(x)
        return sum(classifier(x) for classifier in self.classifiers)
