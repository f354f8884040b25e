"""Checkpoints through the converter and back."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub

from mmseg_maxsquare.converters.key_names import key_of, recognise
from mmseg_maxsquare.models import DeepLabV2ResNet

from .checkpoint_states import (
    SHAPES,
    UNUSED,
    backbone_state,
    equal,
    load,
    our_state,
    save,
    their_state,
)
from tests.helpers import REPO


@pytest.mark.parametrize(
    ('name', 'ours'),
    [
        ('conv1.weight', 'backbone.conv1.weight'),
        ('layer3.22.bn2.running_var', 'backbone.layer3.22.bn2.running_var'),
        ('layer2.0.downsample.1.bias', 'backbone.layer2.0.downsample.1.bias'),
        ('layer5.conv2d_list.1.weight', 'auxiliary_head.classifiers.1.weight'),
        ('layer6.conv2d_list.3.bias', 'decode_head.classifiers.3.bias'),
    ],
)
def test_keys(name: str, ours: str) -> None:
    """The low level is the auxiliary head, the final one the decode head."""
    assert key_of(name, 'mmseg') == ours
    assert key_of(name, 'released') == f'module.{name}'
    assert key_of(name, 'adaptsegnet') == f'Scale.{name}'
    assert recognise([ours])[0] == 'mmseg'
    assert recognise([f'module.{name}']) == ('released', 'module.')
    assert recognise([name]) == ('released', '')


def test_released_shapes() -> None:
    assert len(SHAPES) == 640  # 104 x (5 of a norm + 1 of a convolution) + 2 x 4 x 2
    assert SHAPES['layer5.conv2d_list.0.weight'] == (19, 1024, 3, 3)
    assert SHAPES['layer6.conv2d_list.0.weight'] == (19, 2048, 3, 3)


@pytest.mark.parametrize(
    ('prefix', 'nested', 'legacy'),
    [('module.', True, True), ('module.', False, False), ('', True, False), ('', False, True)],
)
def test_round_trip_of_all_four_classifiers(
    prefix: str, nested: bool, legacy: bool, convert: Callable, tmp_path: Path
) -> None:
    state = their_state(prefix)
    source = save(tmp_path / 'a.pth', {'state_dict': state} if nested else state, legacy)
    ours, back = tmp_path / 'b.pth', tmp_path / 'c.pth'
    convert(source, ours, '--to', 'mmseg', '--classifiers', 4)
    assert equal(load(ours), our_state(4))
    convert(ours, back, '--to', 'released', '--classifiers', 4)
    assert equal(load(back), their_state('module.'))
    assert set(torch.load(back, weights_only=True)) == {'state_dict'}
    assert not zipfile.is_zipfile(back)  # PyTorch 1.0 reads no zip files


def test_networks_of_methods_are_left_out(convert: Callable, tmp_path: Path) -> None:
    """A training checkpoint of an adversarial method holds discriminators."""
    network = {'methods.0.discriminators.decode_head.0.weight': torch.zeros(64, 19, 4, 4)}
    source = save(tmp_path / 'a.pth', {'state_dict': our_state(4) | network})
    convert(source, tmp_path / 'b.pth', '--to', 'released', '--classifiers', 4)
    assert equal(load(tmp_path / 'b.pth'), their_state('module.'))


def test_round_trip_of_the_two_that_count(
    convert: Callable, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    source = save(tmp_path / 'a.pth', their_state())
    ours, back = tmp_path / 'b.pth', tmp_path / 'c.pth'
    convert(source, ours, '--to', 'mmseg')
    said = capsys.readouterr().out
    assert f'8 tensors left out of {source}: module.layer5.conv2d_list.2.weight, ' in said
    assert equal(load(ours), our_state(2))
    convert(ours, back, '--to', 'released')
    said = capsys.readouterr().out
    assert f'8 tensors filled with zeros in {back}: module.layer5.conv2d_list.2.weight, ' in said
    expected = their_state()
    for key in expected:
        if UNUSED.search(key):
            expected[key] = torch.zeros_like(expected[key])
    assert equal(load(back), expected)


def test_counters_that_old_files_lack_are_zero(convert: Callable, tmp_path: Path) -> None:
    state = {key: value for key, value in their_state().items() if 'tracked' not in key}
    source = save(tmp_path / 'a.pth', {'state_dict': state}, legacy=True)
    convert(source, tmp_path / 'b.pth', '--to', 'mmseg')
    expected = our_state(2)
    for key in expected:
        if 'tracked' in key:
            expected[key] = torch.tensor(0)
    assert equal(load(tmp_path / 'b.pth'), expected)


@pytest.mark.parametrize('classes', [16, 13])
def test_other_class_counts(classes: int, convert: Callable, tmp_path: Path) -> None:
    state = their_state()
    for key in state:
        if 'conv2d_list' in key:
            state[key] = state[key][:classes]
    source, target = save(tmp_path / 'a.pth', state), tmp_path / 'b.pth'
    convert(source, target, '--to', 'mmseg')
    assert load(target)['decode_head.classifiers.1.weight'].shape == (classes, 2048, 3, 3)
    assert 'dataset_meta' not in torch.load(target, weights_only=True)['meta']


def rename_numpy(path: Path, module: bytes) -> None:
    """Let a file name NumPy's functions as another release of NumPy does."""

    def renamed(data: bytes) -> bytes:
        return re.sub(rb'cnumpy\._?core\.multiarray\n', b'c' + module + b'\n', data)

    if not zipfile.is_zipfile(path):
        path.write_bytes(renamed(path.read_bytes()))
        return
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, 'w') as archive:
        for name, data in entries.items():
            archive.writestr(name, renamed(data) if name.endswith('data.pkl') else data)


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('module', [b'numpy.core.multiarray', b'numpy._core.multiarray'])
def test_numpy_numbers_of_any_release(
    module: bytes, legacy: bool, convert: Callable, tmp_path: Path
) -> None:
    content = {'state_dict': their_state(), 'best_MIou': np.float64(0.464)}
    source = save(tmp_path / 'a.pth', content, legacy)
    rename_numpy(source, module)
    assert b'c' + module + b'\nscalar\n' in source.read_bytes()
    convert(source, tmp_path / 'b.pth', '--to', 'mmseg')
    assert equal(load(tmp_path / 'b.pth'), our_state(2))


def test_checkpoint_of_a_training_run(convert: Callable, tmp_path: Path) -> None:
    """mmengine keeps its log buffers in it."""
    hub = MessageHub('a run')
    hub.update_scalar('train/loss', 0.5)
    hub.update_scalar('train/share', np.float32(0.5))
    content = {'state_dict': our_state(2), 'message_hub': hub.state_dict(), 'meta': {'iter': 1}}
    source = save(tmp_path / 'iter_1.pth', content)
    convert(source, tmp_path / 'b.pth', '--to', 'released')
    state, expected = load(tmp_path / 'b.pth'), their_state()
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[k], v) for k, v in expected.items() if not UNUSED.search(k))


def test_adaptsegnet_round_trip(
    convert: Callable, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    source = save(tmp_path / 'a.pth', backbone_state(), legacy=True)
    ours, back = tmp_path / 'b.pth', tmp_path / 'c.pth'
    convert(source, ours, '--to', 'mmseg')
    said = capsys.readouterr().out
    assert f'8 tensors left out of {source}: Scale.layer5.conv2d_list.0.weight, ' in said
    assert f'104 tensors filled with zeros in {ours}: backbone.bn1.num_batches_tracked, ' in said
    with torch.device('meta'):
        backbone = DeepLabV2ResNet(None).state_dict()
    converted = load(ours)
    assert {k: v.shape for k, v in converted.items()} == {
        f'backbone.{key}': value.shape for key, value in backbone.items()
    }
    convert(ours, back, '--to', 'adaptsegnet')
    expected = {k: v for k, v in backbone_state().items() if 'layer5' not in k}
    restored = torch.load(back, weights_only=True)
    assert equal({k: v for k, v in restored.items() if 'tracked' not in k}, expected)
    assert restored.keys() == {f'Scale.{key}' for key in backbone}


def test_backbone_of_a_trained_model_starts_another(
    convert: Callable, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    source, target = save(tmp_path / 'a.pth', {'state_dict': our_state(4)}), tmp_path / 'b.pth'
    convert(source, target, '--to', 'adaptsegnet')
    assert f'16 tensors left out of {source}: auxiliary_head.' in capsys.readouterr().out
    backbone = DeepLabV2ResNet(str(target))
    backbone.init_weights()
    expected = their_state('')
    loaded = {k: v for k, v in backbone.state_dict().items() if 'tracked' not in k}
    assert len(loaded) == 520
    assert all(torch.equal(value, expected[key]) for key, value in loaded.items())


def test_command_line(tmp_path: Path) -> None:
    """From any folder: an error is a sentence and exit code 1."""
    env = {**os.environ, 'PYTHONPATH': str(REPO), 'OMP_NUM_THREADS': '1'}
    process = subprocess.run(
        [
            sys.executable,
            '-m',
            'mmseg_maxsquare',
            'convert',
            'absent.pth',
            'b.pth',
            '--to',
            'mmseg',
        ],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1] == 'error: absent.pth: no such file'
    assert 'Traceback' not in process.stderr
