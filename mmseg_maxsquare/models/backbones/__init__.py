"""Backbones that mmseg lacks, or whose weights it loads without checking that they fit."""

from .deeplabv2_resnet import DeepLabV2ResNet
from .efficientnet_lite import EfficientNetLite
from .torchvision_resnet import TorchvisionResNet
from .wider_resnet38 import WiderResNet38

__all__ = ['DeepLabV2ResNet', 'EfficientNetLite', 'TorchvisionResNet', 'WiderResNet38']
