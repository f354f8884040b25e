"""The adapted segmentor and classifier, and their parts."""

from mmseg.registry import MODELS

from ..losses import ClassShareLoss, EntropyLoss, InformationMaximisationLoss, MaxSquareLoss
from .backbones import DeepLabV2ResNet, EfficientNetLite, TorchvisionResNet, WiderResNet38
from .class_share_anchor import ClassShareAnchor
from .deeplabv2_head import DeepLabV2Head
from .ensemble import EnsembleSegmentor
from .guidance import guidance_loss, self_produced_guidance
from .image_classifier import ImageClassifier, UDAImageClassifier
from .uda_data_preprocessor import UDADataPreprocessor
from .uda_encoder_decoder import UDACascadeEncoderDecoder, UDAEncoderDecoder
from .uda_model import UDAModel
from .wider_resnet_head import WiderResNetHead

MODELS.register_module(module=ClassShareLoss)
MODELS.register_module(module=EntropyLoss)
MODELS.register_module(module=InformationMaximisationLoss)
MODELS.register_module(module=MaxSquareLoss)

__all__ = [
    'ClassShareAnchor',
    'DeepLabV2Head',
    'DeepLabV2ResNet',
    'EfficientNetLite',
    'EnsembleSegmentor',
    'ImageClassifier',
    'TorchvisionResNet',
    'UDACascadeEncoderDecoder',
    'UDADataPreprocessor',
    'UDAEncoderDecoder',
    'UDAImageClassifier',
    'UDAModel',
    'WiderResNet38',
    'WiderResNetHead',
    'guidance_loss',
    'self_produced_guidance',
]
