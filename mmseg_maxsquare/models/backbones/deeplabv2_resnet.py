"""The ResNet of DeepLab v2 as the UDA literature trains it."""

from typing import Any

from mmseg.models.backbones import ResNet
from mmseg.registry import MODELS
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from .pretrained import load_pretrained

FROZEN = ('first', 'all')
IMAGENET_HINT = (
    'put DeepLab_resnet_pretrained_init-f81d91e8.pth there, the initial weights published with '
    "AdaptSegNet (http://vllab.ucmerced.edu/ytsai/CVPR18/), or those of ADVENT's release"
)


@MODELS.register_module()
class DeepLabV2ResNet(ResNet):
    """ResNet with output stride 8, a ceil-mode max-pool and a fixed first norm.

    It differs from mmseg's ResNet in points that have no option there: the max-pool
    rounds up (at a width of 1280 its maps are one column wider), the affine parameters
    of the first batch norm, or of all, are not trained (they stay in training mode), and
    the ImageNet weights are named explicitly.

    Args:
        pretrained: Weight file with torchvision's key names, with or without the
            prefix ``Scale.``; batch norms must not be folded into the convolutions.
            None starts from random weights.
        depth: 18, 34, 50, 101 or 152. Defaults to 101.
        frozen_affine: Batch norms whose affine parameters are not trained: ``'first'``, as in the
            released code of the maximum squares loss; or ``'all'``, as in AdaptSegNet and ADVENT.
            Defaults to 'first'.
        **kwargs: Other arguments of mmseg's ResNet. The defaults are those of the
            network: stride in the 1x1 convolution (``style='caffe'``), strides
            1, 2, 1, 1, dilations 1, 1, 2, 4.
    """

    def __init__(
        self,
        pretrained: str | None,
        depth: int = 101,
        frozen_affine: str = 'first',
        **kwargs: Any,
    ) -> None:
        if frozen_affine not in FROZEN:
            raise ValueError(f'frozen_affine must be one of {FROZEN}, got {frozen_affine!r}')
        network = dict(style='caffe', strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4))
        super().__init__(depth=depth, **{**network, **kwargs})
        self.weight_file = pretrained
        norms = [self.norm1]
        if frozen_affine == 'all':
            norms = [module for module in self.modules() if isinstance(module, _BatchNorm)]
        for norm in norms:
            norm.requires_grad_(False)

    def _make_stem_layer(self, in_channels: int, stem_channels: int) -> None:
        super()._make_stem_layer(in_channels, stem_channels)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1, ceil_mode=True)

    def init_weights(self) -> None:
        """Initialise at random, then load the ImageNet weights if named."""
        super().init_weights()
        if self.weight_file is not None:
            load_pretrained(self, self.weight_file, IMAGENET_HINT, prefixes=('', 'Scale.'))
