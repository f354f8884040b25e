"""What the converter refuses, and that it then leaves all files alone."""

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from .checkpoint_states import LAYER, backbone_state, our_state, save, their_state, without


def torchvision_resnet() -> dict[str, Tensor]:
    state = {k: v for k, v in their_state('').items() if not LAYER.match(k)}
    return state | {'fc.weight': torch.zeros(1000, 2048), 'fc.bias': torch.zeros(1000)}


def mmseg_resnet() -> dict[str, Tensor]:
    """The V1c of mmseg's model zoo: three convolutions in the stem."""
    state = {k: v for k, v in our_state(2).items() if k.startswith('backbone.layer')}
    return state | {'backbone.stem.0.weight': torch.zeros(32, 3, 3, 3)}


def one_level() -> dict[str, Tensor]:
    return {k: v for k, v in our_state(2).items() if not k.startswith('auxiliary')}


def swapped_levels() -> dict[str, Tensor]:
    swap = {'layer5': 'layer6', 'layer6': 'layer5'}
    return {re.sub('layer[56]', lambda m: swap[m[0]], k): v for k, v in their_state('').items()}


@pytest.mark.parametrize(
    ('state', 'arguments', 'message'),
    [
        (
            torchvision_resnet,
            '--to mmseg',
            r"a\.pth does not fit the authors' released network \(640 tensors\): 16 missing, such "
            r'as layer5\.conv2d_list\.0\.weight, .*; 2 unexpected, such as fc\.weight, fc\.bias$',
        ),
        (
            lambda: without(their_state(), 'module.layer4.2.bn3.running_mean'),
            '--to mmseg',
            r'a\.pth .*: 1 missing, such as module\.layer4\.2\.bn3\.running_mean$',
        ),
        (
            lambda: their_state() | {'module.layer7.weight': torch.zeros(1)},
            '--to mmseg',
            r'a\.pth .*: 1 unexpected, such as module\.layer7\.weight$',
        ),
        (
            lambda: their_state() | {'layer7.weight': torch.zeros(1)},
            '--to mmseg',
            r'a\.pth .*: 1 unexpected, such as layer7\.weight$',
        ),
        (
            lambda: their_state() | {'module.bn1.weight': torch.zeros(3)},
            '--to mmseg',
            r'a\.pth .*: 1 of another shape, such as module\.bn1\.weight \(3,\) instead of \(64,',
        ),
        (
            swapped_levels,
            '--to mmseg',
            r'8 of another shape, such as layer5\.conv2d_list\.0\.weight \(19, 2048, 3, 3\) '
            r'instead of \(19, 1024, 3, 3\)',
        ),
        (
            lambda: without(backbone_state(), 'Scale.conv1.weight'),
            '--to mmseg',
            r"a\.pth does not fit AdaptSegNet's ImageNet initialisation \(624 tensors\): 1 missing"
            r', such as Scale\.conv1\.weight$',
        ),
        (mmseg_resnet, '--to mmseg', r'a\.pth has keys as mmseg models have them already'),
        (
            mmseg_resnet,
            '--to released',
            r'a\.pth does not fit a two-level model .*: \d+ missing, such as backbone\.conv1\.'
            r'weight.*; 1 unexpected, such as backbone\.stem\.0\.weight$',
        ),
        (mmseg_resnet, '--to adaptsegnet', r'1 unexpected, such as backbone\.stem\.0\.weight$'),
        (their_state, '--to released', r'a\.pth has no keys as mmseg models have them'),
        (backbone_state, '--to released', r'a\.pth has no keys as mmseg models have them'),
        (
            one_level,
            '--to released',
            r'a\.pth does not fit a two-level model as in configs/_base_/models/deeplabv2_r101_'
            r'multi\.py .*: 4 missing, such as auxiliary_head\.classifiers\.0\.weight',
        ),
        (
            lambda: our_state(4),
            '--to released',
            r'a\.pth has 4 classifiers per level, not 2 .*: add --classifiers 4 if the code that',
        ),
        (
            lambda: our_state(2),
            '--to released --classifiers 4',
            r'a\.pth has 2 classifiers per level, not 4 .*: add --classifiers 2$',
        ),
        (
            lambda: our_state(3),
            '--to released',
            r'a\.pth has 3 classifiers per level, .* a place for dilations \(6, 12\) or \(6, 12, ',
        ),
    ],
)
def test_another_network_is_refused(
    state: Callable, arguments: str, message: str, refused: Callable, tmp_path: Path
) -> None:
    source, target = save(tmp_path / 'a.pth', {'state_dict': state()}), tmp_path / 'b.pth'
    said = refused(source, target, *arguments.split())
    assert re.search(message, said), said
    assert str(source) in said
    assert not target.exists()


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('kept', [0, 100, 0.5, 0.99])
def test_truncated_file_is_refused(
    kept: float, legacy: bool, refused: Callable, tmp_path: Path
) -> None:
    source = save(tmp_path / 'a.pth', their_state(), legacy)
    data = source.read_bytes()
    source.write_bytes(data[: kept if kept >= 1 else int(kept * len(data))])
    assert f'{source} is not a readable weight file' in refused(
        source, tmp_path / 'b.pth', '--to', 'mmseg'
    )
    assert not (tmp_path / 'b.pth').exists()


class Payload:
    """Runs a function when unpickled."""

    def __init__(self, function: Callable, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple:
        return self.call


@pytest.mark.parametrize('kind', ['zip', 'legacy', 'pickle'])
def test_a_file_that_runs_code_is_refused(kind: str, refused: Callable, tmp_path: Path) -> None:
    source, trace = tmp_path / 'a.pth', tmp_path / 'trace'
    content = {'state_dict': their_state(), 'best_MIou': Payload(Path.touch, trace)}
    if kind == 'pickle':
        source.write_bytes(pickle.dumps(content, protocol=2))
    else:
        save(source, content, legacy=kind == 'legacy')
    message = refused(source, tmp_path / 'b.pth', '--to', 'mmseg')
    assert f'{source} is not a readable weight file (' in message
    assert not trace.exists()
    assert not (tmp_path / 'b.pth').exists()
    with open(source, 'rb') as file:  # what the refusal saved us from
        torch.load(file, weights_only=False) if kind != 'pickle' else pickle.load(file)
    assert trace.exists()


def test_getattr_reaches_no_more_than_log_buffers_need(refused: Callable, tmp_path: Path) -> None:
    content = {'state_dict': their_state(), 'meta': Payload(getattr, np.ndarray, 'tofile')}
    source = save(tmp_path / 'a.pth', content)
    assert 'is not a readable weight file' in refused(source, tmp_path / 'b.pth', '--to', 'mmseg')


@pytest.mark.parametrize('content', [[1, 2], {'epoch': 3}, {}, torch.zeros(2)], ids=str)
def test_a_file_without_tensors_by_key_is_refused(
    content: object, refused: Callable, tmp_path: Path
) -> None:
    source = save(tmp_path / 'a.pth', content)
    assert f'{source} holds no state dict' in refused(source, tmp_path / 'b.pth', '--to', 'mmseg')


def test_an_existing_file_is_never_overwritten(refused: Callable, tmp_path: Path) -> None:
    source, target, link = (tmp_path / name for name in ('a.pth', 'b.pth', 'link.pth'))
    save(source, their_state())
    target.write_text('precious')
    link.symlink_to(tmp_path / 'nowhere')
    before = source.read_bytes()
    for path in (target, link, source, tmp_path):
        message = refused(source, path, '--to', 'mmseg')
        assert f'{path} exists and is not overwritten; remove it or name another' in message
    assert target.read_text() == 'precious' and source.read_bytes() == before
    assert link.is_symlink() and not (tmp_path / 'nowhere').exists()


def test_a_folder_that_is_missing(refused: Callable, tmp_path: Path) -> None:
    source = save(tmp_path / 'a.pth', their_state())
    target = tmp_path / 'nowhere/b.pth'
    message = refused(source, target, '--to', 'mmseg')
    assert f'{target} cannot be written: No such file or directory' in message


def test_a_full_disk_leaves_no_half_file(
    refused: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(payload: dict, file: object, **kwargs) -> None:
        file.write(b'half')
        raise OSError(28, 'No space left on device')

    source, target = save(tmp_path / 'a.pth', their_state()), tmp_path / 'b.pth'
    monkeypatch.setattr(torch, 'save', full)
    message = refused(source, target, '--to', 'mmseg')
    assert f'{target} cannot be written: No space left on device' in message
    assert not target.exists()


@pytest.mark.parametrize('source', ['absent.pth', '.'])
def test_no_source(source: str, refused: Callable, tmp_path: Path) -> None:
    message = refused(tmp_path / source, tmp_path / 'b.pth', '--to', 'mmseg')
    assert message == f'error: {tmp_path / source}: no such file'
