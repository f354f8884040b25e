"""The authors' released network in plain PyTorch, reimplemented from its description.

It is the reference for converted checkpoints. Modules have the names of the authors'
checkpoints. ``layer5`` is the classifier of the low level, on ``layer3``; ``layer6`` is
the classifier of the final level, on ``layer4``.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

RESNET101 = (3, 4, 23, 3)
RATES = (6, 12, 18, 24)
EXPANSION = 4


class Block(nn.Module):
    """Bottleneck with its stride in the first convolution."""

    def __init__(self, inside: int, width: int, stride: int, dilation: int) -> None:
        super().__init__()
        out = EXPANSION * width
        self.conv1 = nn.Conv2d(inside, width, 1, stride, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = None
        if stride != 1 or inside != out:
            shortcut = nn.Conv2d(inside, out, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """Feature map ``(B, 4 * width, h, w)``."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(self.bn3(self.conv3(y)) + shortcut)


class Classifiers(nn.Module):
    """Four dilated classifiers, of which the first few are summed."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.conv2d_list = nn.ModuleList(
            nn.Conv2d(channels, num_classes, 3, padding=rate, dilation=rate) for rate in RATES
        )

    def forward(self, x: Tensor, used: int) -> Tensor:
        """Logits ``(B, num_classes, h, w)``."""
        return sum(classifier(x) for classifier in self.conv2d_list[:used])


class ReleasedNetwork(nn.Module):
    """DeepLab v2 with two levels.

    Args:
        num_classes: Defaults to 19.
        blocks: Blocks of each stage. Defaults to ResNet-101's.
        width: Channels of the first layer. Defaults to 64.
    """

    def __init__(
        self, num_classes: int = 19, blocks: Sequence[int] = RESNET101, width: int = 64
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1, ceil_mode=True)
        self.layer1 = _stage(width, width, blocks[0], stride=1, dilation=1)
        self.layer2 = _stage(4 * width, 2 * width, blocks[1], stride=2, dilation=1)
        self.layer3 = _stage(8 * width, 4 * width, blocks[2], stride=1, dilation=2)
        self.layer4 = _stage(16 * width, 8 * width, blocks[3], stride=1, dilation=4)
        self.layer5 = Classifiers(16 * width, num_classes)
        self.layer6 = Classifiers(32 * width, num_classes)

    def forward(self, images: Tensor, used: int = 2) -> tuple[Tensor, Tensor]:
        """Logits of the low and the final level at the size of the images.

        Args:
            images: ``(B, 3, H, W)``, BGR minus the mean.
            used: Classifiers summed per level. Defaults to 2: the released code
                returns from inside its loop, so two of its four are never used.

        Returns:
            Two tensors ``(B, num_classes, H, W)``.
        """
        x = self.maxpool(F.relu(self.bn1(self.conv1(images))))
        low = self.layer3(self.layer2(self.layer1(x)))
        levels = self.layer5(low, used), self.layer6(self.layer4(low), used)
        low_logits, logits = (
            F.interpolate(level, images.shape[2:], mode='bilinear', align_corners=True)
            for level in levels
        )
        return low_logits, logits


def released_shapes(
    num_classes: int = 19, blocks: Sequence[int] = RESNET101, width: int = 64
) -> dict[str, torch.Size]:
    """Shapes of the network's tensors by name."""
    with torch.device('meta'):
        network = ReleasedNetwork(num_classes, blocks, width)
    return {name: value.shape for name, value in network.state_dict().items()}


def _stage(inside: int, width: int, blocks: int, stride: int, dilation: int) -> nn.Sequential:
    first = Block(inside, width, stride, dilation)
    rest = (Block(EXPANSION * width, width, 1, dilation) for _ in range(blocks - 1))
    return nn.Sequential(first, *rest)
