"""Backbones that mmseg lacks, or loads without asking whether the weights fit."""

from .deeplabv2_resnet import DeepLabV2ResNet
from .efficientnet_lite import EfficientNetLite
from .torchvision_resnet import TorchvisionResNet

__all__ = ['DeepLabV2ResNet', 'EfficientNetLite', 'TorchvisionResNet']
