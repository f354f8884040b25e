"""Wider ResNet-38, variant A1 (Wu et al., arXiv 1611.10080), the network of CBST."""

from typing import Self

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from .pretrained import load_pretrained

EPS = 1.001e-5
WHERE = (
    'it is made by mmseg-maxsquare convert ilsvrc-cls_rna-a1_cls1000_ep-0001.params DST --to mmseg '
    "from the ImageNet weights that the network's authors published"
)
# Kernel, channels, dilation of the convolutions; stride of the first block; dropout.
Convs = tuple[tuple[int, int, int], ...]


def _twice(channels: int, dilation: int = 1, last: int | None = None) -> Convs:
    return ((3, channels, dilation), (3, last or channels, dilation))


STAGES: tuple[tuple[list[Convs], int, float], ...] = (
    ([_twice(128)] * 3, 2, 0.0),
    ([_twice(256)] * 3, 2, 0.0),
    ([_twice(512)] * 6, 2, 0.0),
    ([((3, 512, 1), (3, 1024, 2)), *[_twice(512, 2, 1024)] * 2], 1, 0.0),
    ([((1, 512, 1), (3, 1024, 4), (1, 2048, 1))], 1, 0.3),
    ([((1, 1024, 1), (3, 2048, 4), (1, 4096, 1))], 1, 0.5),
)


class PreActivationBlock(nn.Module):
    """Batch norm, ReLU and convolution, two or three times, beside a shortcut.

    Args:
        inputs: Channels of the input.
        convs: Kernel, channels and dilation of each convolution.
        stride: Of the first one. Defaults to 1.
        project: Whether the shortcut is a 1x1 convolution, of the normalised input.
            Defaults to False: it is the input itself.
        dropout: Before the last convolution. Defaults to 0.
    """

    def __init__(
        self,
        inputs: int,
        convs: Convs,
        stride: int = 1,
        project: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.norms, self.convs = nn.ModuleList(), nn.ModuleList()
        channels = inputs
        for i, (kernel, outputs, dilation) in enumerate(convs):
            self.norms.append(nn.BatchNorm2d(channels, eps=EPS))
            step, padding = (stride if i == 0 else 1), dilation * (kernel // 2)
            options = dict(stride=step, padding=padding, dilation=dilation, bias=False)
            self.convs.append(nn.Conv2d(channels, outputs, kernel, **options))
            channels = outputs
        self.projection = (
            nn.Conv2d(inputs, channels, 1, stride=stride, bias=False) if project else None
        )
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, C, H, W)``."""
        shortcut = x
        for i, (norm, conv) in enumerate(zip(self.norms, self.convs, strict=True)):
            x = F.relu(norm(x))
            if i == 0 and self.projection is not None:
                shortcut = self.projection(x)
            if i == len(self.convs) - 1:
                x = self.dropout(x)
            x = conv(x)
        return x + shortcut


@MODELS.register_module()
class WiderResNet38(BaseModule):
    """Wider ResNet-38 (A1) with output stride 8: 105.1 M parameters.

    Images are RGB, divided by 255 and normalised as for ImageNet.

    Args:
        pretrained: Weight file with our key names; None starts from random weights.
        norm_eval: Whether batch norms use their stored statistics in training, too, as CBST
            does; their affine parameters are trained. Defaults to True.
        init_cfg: As for mmengine's modules.
    """

    def __init__(
        self, pretrained: str | None, norm_eval: bool = True, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        self.weight_file, self.norm_eval = pretrained, norm_eval
        self.stem = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        self.stages = nn.ModuleList()
        channels = 64
        for blocks, stride, dropout in STAGES:
            stage = nn.Sequential()
            for i, convs in enumerate(blocks):
                first = i == 0
                step = stride if first else 1
                stage.append(PreActivationBlock(channels, convs, step, first, dropout))
                channels = convs[-1][1]
            self.stages.append(stage)
        self.norm = nn.BatchNorm2d(channels, eps=EPS)

    def init_weights(self) -> None:
        """Initialise at random, then load the ImageNet weights if named."""
        super().init_weights()
        if self.weight_file is not None:
            load_pretrained(self, self.weight_file, WHERE)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """One map ``(B, 4096, H/8, W/8)``."""
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return (F.relu(self.norm(x)),)

    def train(self, mode: bool = True) -> Self:
        """Training mode, in which batch norms may keep their stored statistics."""
        super().train(mode)
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self
