"""DeepLab v2's ResNet: where it differs from the stock one."""

import pytest
import torch
from mmseg.models.backbones import ResNet
from mmseg.registry import MODELS
from torch import nn

from mmseg_maxsquare.models import DeepLabV2ResNet

from .backbones_case import small_resnet


@pytest.mark.parametrize(
    'size, stem, stock_stem',
    [
        ((65, 129), (17, 33), (17, 33)),
        ((64, 128), (17, 33), (16, 32)),
        ((66, 127), (17, 33), (17, 32)),
    ],
    ids=str,
)
def test_resnet_pools_in_ceil_mode(
    size: tuple[int, int], stem: tuple[int, int], stock_stem: tuple[int, int]
) -> None:
    """One row or column more than mmseg's where the size after the first layer is even."""
    stock = ResNet(
        depth=50,
        style='caffe',
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),
        base_channels=8,
        stem_channels=8,
    )
    x = torch.randn(1, 3, *size)
    for network, (height, width) in ((small_resnet(), stem), (stock, stock_stem)):
        network.eval()
        half = ((height + 1) // 2, (width + 1) // 2)
        assert [tuple(y.shape) for y in network(x)] == [
            (1, 32, height, width),
            (1, 64, *half),
            (1, 128, *half),
            (1, 256, *half),
        ]


def test_resnet_is_161_wide_at_a_width_of_1280() -> None:
    """As the released network; mmseg's is 160 wide."""
    network = small_resnet()
    network.eval()
    assert network(torch.randn(1, 3, 16, 1280))[-1].shape[-1] == 161


def test_resnet_trains_all_but_the_first_norm() -> None:
    network = MODELS.build(
        dict(type='DeepLabV2ResNet', pretrained=None, depth=50, base_channels=8, stem_channels=8)
    )
    network.init_weights()
    network.train()
    fixed = [name for name, p in network.named_parameters() if not p.requires_grad]
    assert fixed == ['bn1.weight', 'bn1.bias']
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 53
    assert all(norm.training for norm in norms)


def test_resnet_strides_in_the_first_convolution_of_layer2() -> None:
    network = small_resnet()
    strided = {
        name
        for name, m in network.named_modules()
        if isinstance(m, nn.Conv2d) and m.stride != (1, 1)
    }
    assert strided == {'conv1', 'layer2.0.conv1', 'layer2.0.downsample.0'}
    assert network.layer2[0].conv1.kernel_size == (1, 1)


def test_resnet_dilates_from_the_first_block_of_a_stage() -> None:
    network = small_resnet()
    rates = [
        [block.conv2.dilation for block in getattr(network, f'layer{i}')] for i in (1, 2, 3, 4)
    ]
    assert rates == [[(1, 1)] * 3, [(1, 1)] * 4, [(2, 2)] * 6, [(4, 4)] * 3]


def test_resnet_has_101_layers_unless_said() -> None:
    with torch.device('meta'):
        network = DeepLabV2ResNet(None)
    assert [len(getattr(network, f'layer{i}')) for i in (1, 2, 3, 4)] == [3, 4, 23, 3]
    assert network.layer4[2].conv3.out_channels == 2048
