"""Wider ResNet-38: its published file read without MXNet, and the network written again."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.converters.mxnet_file import read_mxnet_file

Arrays = dict[str, np.ndarray]
# Stage: blocks, kernels, channels, stride, dilation of all but the first convolution, dropout.
PLAN = {
    2: (3, (3, 3), (128, 128), 2, 1),
    3: (3, (3, 3), (256, 256), 2, 1),
    4: (6, (3, 3), (512, 512), 2, 1),
    5: (3, (3, 3), (512, 1024), 1, 2),
    6: (1, (1, 3, 1), (512, 1024, 2048), 1, 4),
    7: (1, (1, 3, 1), (1024, 2048, 4096), 1, 4),
}


def random_arrays() -> Arrays:
    """Weights by the names of the published file, with its classifier."""
    rng = np.random.default_rng(0)
    arrays: Arrays = {}

    def conv(name: str, outputs: int, inputs: int, kernel: int) -> None:
        scale = (2 / (inputs * kernel**2)) ** 0.5
        size = (outputs, inputs, kernel, kernel)
        arrays[f'arg:{name}_weight'] = rng.standard_normal(size, np.float32) * np.float32(scale)

    def norm(name: str, channels: int) -> None:
        arrays[f'arg:{name}_gamma'] = rng.uniform(0.5, 1, channels).astype(np.float32)
        arrays[f'arg:{name}_beta'] = rng.normal(0, 0.1, channels).astype(np.float32)
        arrays[f'aux:{name}_moving_mean'] = rng.normal(0, 0.1, channels).astype(np.float32)
        arrays[f'aux:{name}_moving_var'] = rng.uniform(0.5, 2, channels).astype(np.float32)

    conv('conv1a', 64, 3, 3)
    channels = 64
    for stage, (blocks, kernels, widths, _, _) in PLAN.items():
        for i in range(blocks):
            block = f'{stage}{"a" if i == 0 else f"b{i}"}'
            if i == 0:
                conv(f'res{block}_branch1', widths[-1], channels, 1)
            for k, (kernel, width) in enumerate(zip(kernels, widths, strict=True)):
                branch = 'branch2a' if k == 0 else f'branch2b{k}'
                norm(f'bn{block}_{branch}', channels)
                conv(f'res{block}_{branch}', width, channels, kernel)
                channels = width
    norm('bn7', 4096)
    arrays['arg:linear1000_weight'] = np.zeros((10, 4096), np.float32)
    return arrays


def by_hand(arrays: Arrays, x: Tensor) -> Tensor:
    """The network from the table of the facts, function by function."""

    def get(name: str) -> Tensor:
        return torch.from_numpy(arrays[name])

    def normed(name: str, value: Tensor) -> Tensor:
        statistics = get(f'aux:{name}_moving_mean'), get(f'aux:{name}_moving_var')
        affine = get(f'arg:{name}_gamma'), get(f'arg:{name}_beta')
        return F.batch_norm(value, *statistics, *affine, eps=1.001e-5).relu()

    x = F.conv2d(x, get('arg:conv1a_weight'), padding=1)
    for stage, (blocks, kernels, _, stride, dilation) in PLAN.items():
        for i in range(blocks):
            block, shortcut = f'{stage}{"a" if i == 0 else f"b{i}"}', x
            for k, kernel in enumerate(kernels):
                branch = 'branch2a' if k == 0 else f'branch2b{k}'
                x = normed(f'bn{block}_{branch}', x)
                step = stride if i == k == 0 else 1
                if i == k == 0:
                    shortcut = F.conv2d(x, get(f'arg:res{block}_branch1_weight'), stride=step)
                # In stage 5 the very first convolution is not dilated; 1x1 ones never are.
                rate = 1 if kernel == 1 or (stage == 5 and i == k == 0) else dilation
                weight = get(f'arg:res{block}_{branch}_weight')
                x = F.conv2d(x, weight, stride=step, padding=rate * (kernel // 2), dilation=rate)
            x = x + shortcut
    return normed('bn7', x)


def write_params(path: Path, arrays: Arrays, version: int) -> Path:
    """A file as MXNet 0.8 (version 0), 0.11 (1) or 1.x (2) writes it."""
    with open(path, 'wb') as file:
        file.write(struct.pack('<QQQ', 0x112, 0, len(arrays)))
        for array in arrays.values():
            if version == 0:
                file.write(struct.pack(f'<I{array.ndim}I', array.ndim, *array.shape))
            else:
                file.write(struct.pack('<I', {1: 0xF993FAC8, 2: 0xF993FAC9}[version]))
                if version == 2:
                    file.write(struct.pack('<i', 0))
                file.write(struct.pack(f'<I{array.ndim}q', array.ndim, *array.shape))
            file.write(struct.pack('<iii', 1, 0, 0))
            file.write(array.astype('<f4').tobytes())
        file.write(struct.pack('<Q', len(arrays)))
        for name in arrays:
            file.write(struct.pack('<Q', len(name)) + name.encode())
    return path


@pytest.fixture(scope='module')
def arrays() -> Arrays:
    return random_arrays()


def test_parity(arrays: Arrays, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """From the published file by the command to the backbone: the features written again."""
    source = write_params(tmp_path / 'a1.params', arrays, 0)
    main(['convert', str(source), str(tmp_path / 'a1.pth'), '--to', 'mmseg'])
    assert '1 tensors left out of' in capsys.readouterr().out
    init_default_scope('mmseg')
    backbone = MODELS.build(dict(type='WiderResNet38', pretrained=str(tmp_path / 'a1.pth')))
    backbone.init_weights()
    assert sum(p.numel() for p in backbone.parameters()) == pytest.approx(105.1e6, rel=5e-4)
    images = torch.randn(1, 3, 40, 48)
    with torch.no_grad():
        (features,) = backbone.eval()(images)
        expected = by_hand(arrays, images)
    assert features.shape == (1, 4096, 5, 6)
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-4)
    backbone.train()
    assert not any(m.training for m in backbone.modules() if isinstance(m, torch.nn.BatchNorm2d))
    assert all(p.requires_grad for p in backbone.parameters())


def test_size_of_the_network() -> None:
    """124.0 M parameters with its head at 19 classes."""
    with torch.device('meta'):
        parts = [
            MODELS.build(dict(type='WiderResNet38', pretrained=None)),
            MODELS.build(dict(type='WiderResNetHead', num_classes=19)),
        ]
    count = sum(p.numel() for part in parts for p in part.parameters())
    assert count == pytest.approx(124.0e6, rel=5e-4)
    names = {name for name, _ in parts[1].named_parameters()}
    assert names == {'hidden.weight', 'hidden.bias', 'classifier.weight', 'classifier.bias'}
    assert parts[1].hidden.dilation == parts[1].classifier.dilation == (12, 12)


SMALL = {'arg:a_weight': np.arange(6, dtype=np.float32).reshape(2, 3), 'aux:b': np.ones(4, 'f4')}


@pytest.mark.parametrize('version', [0, 1, 2])
def test_versions(version: int, tmp_path: Path) -> None:
    """Every version of the format."""
    found = read_mxnet_file(write_params(tmp_path / 'x.params', SMALL, version))
    assert list(found) == list(SMALL)
    assert all(np.array_equal(found[name], SMALL[name]) for name in SMALL)


def test_refused_files(tmp_path: Path) -> None:
    """Truncated, of another network, in the wrong direction: one line that names the file."""
    path = write_params(tmp_path / 'x.params', SMALL, 2)
    with pytest.raises(SystemExit, match=r'x.params is not of Wider ResNet-38 \(A1\): .* missing'):
        main(['convert', str(path), str(tmp_path / 'y.pth'), '--to', 'mmseg'])
    with pytest.raises(SystemExit, match='which only --to mmseg reads'):
        main(['convert', str(path), str(tmp_path / 'y.pth'), '--to', 'released'])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SystemExit, match=r'x.params is not a readable MXNet .*: it is truncated'):
        main(['convert', str(path), str(tmp_path / 'y.pth'), '--to', 'mmseg'])
    assert not (tmp_path / 'y.pth').exists()
