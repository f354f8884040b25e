"""The adapted segmentor and its parts."""

from .backbones import DeepLabV2ResNet, EfficientNetLite
from .deeplabv2_head import DeepLabV2Head
from .guidance import guidance_loss, self_produced_guidance
from .uda_data_preprocessor import UDADataPreprocessor
from .uda_encoder_decoder import UDAEncoderDecoder

__all__ = [
    'DeepLabV2Head',
    'DeepLabV2ResNet',
    'EfficientNetLite',
    'UDADataPreprocessor',
    'UDAEncoderDecoder',
    'guidance_loss',
    'self_produced_guidance',
]
