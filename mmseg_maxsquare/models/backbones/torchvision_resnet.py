"""mmseg's ResNet with torchvision's ImageNet weights."""

from typing import Any

from mmseg.models.backbones import ResNet
from mmseg.registry import MODELS

from .pretrained import load_pretrained

IMAGENET_HINT = (
    'download resnet50-0676ba61.pth (https://download.pytorch.org/models/resnet50-0676ba61.pth; '
    'likewise for another depth), and put it there'
)


@MODELS.register_module()
class TorchvisionResNet(ResNet):
    """ResNet at stride 32 with an explicitly named weight file, which must fit.

    Args:
        pretrained: Weight file of torchvision. None starts from random weights.
        depth: 18, 34, 50, 101 or 152. Defaults to 50.
        **kwargs: Other arguments of mmseg's ResNet.
    """

    def __init__(self, pretrained: str | None, depth: int = 50, **kwargs: Any) -> None:
        super().__init__(depth=depth, **kwargs)
        self.weight_file = pretrained

    def init_weights(self) -> None:
        """Initialise at random, then load the ImageNet weights if named."""
        super().init_weights()
        if self.weight_file is not None:
            load_pretrained(self, self.weight_file, IMAGENET_HINT)
