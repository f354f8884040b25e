"""Checkpoints of training runs load safely."""

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import checkpoint

from mmseg_maxsquare.engine.safe_loading import (
    allow_mmengine_checkpoints,
    check_checkpoint,
    load_only_safely,
)
from mmseg_maxsquare.safe_types import statistic


def test_statistic_gives_nothing_else() -> None:
    assert statistic(HistoryBuffer, 'mean') is HistoryBuffer.mean
    for owner, name in ((HistoryBuffer, '__init__'), (Path, 'unlink'), (np, 'mean')):
        with pytest.raises(ValueError, match='which no checkpoint needs'):
            statistic(owner, name)


def test_message_hub_loads_with_pytorchs_default(tmp_path: Path) -> None:
    """As mmengine 0.10.7 loads: without arguments."""
    hub = MessageHub('test_safe_loading')
    hub.update_scalar('train/loss', 0.5)
    hub.update_scalar('train/grad_norm', np.float64(2.0))
    hub.update_info('step', 3)
    torch.save(dict(message_hub=hub.state_dict()), tmp_path / 'checkpoint.pth')
    before = torch.serialization.get_safe_globals()
    try:
        allow_mmengine_checkpoints()
        loaded = torch.load(tmp_path / 'checkpoint.pth', weights_only=True)
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)
    scalars = loaded['message_hub']['log_scalars']
    assert scalars['train/loss'].current() == 0.5
    assert scalars['train/grad_norm'].mean() == 2.0


class Malicious:
    """Makes a file when it is unpickled by an unsafe loader."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return os.system, (f'touch {self.trace}',)


class Curious:
    """Asks for an attribute of what the list allows."""

    def __reduce__(self) -> tuple:
        return getattr, (HistoryBuffer, '__init__')


def save(path: Path, legacy: bool = False, **more) -> Path:
    """A checkpoint with some tensors."""
    state = dict(weight=torch.arange(1000.0))
    torch.save({'state_dict': state, **more}, path, _use_new_zipfile_serialization=not legacy)
    return path


@pytest.mark.parametrize('legacy', [False, True])
def test_good_checkpoint(legacy: bool, tmp_path: Path) -> None:
    path = save(tmp_path / 'good.pth', legacy, meta=dict(score=np.float32(0.5), iter=3))
    checkpoint = check_checkpoint(path)
    assert checkpoint['meta'] == dict(score=0.5, iter=3)
    assert torch.equal(checkpoint['state_dict']['weight'], torch.arange(1000.0))
    torch.save(dict(weight=torch.zeros(1)), path)  # a bare state dict
    assert list(check_checkpoint(str(path))) == ['weight']


@pytest.mark.parametrize('core', ['core', '_core'])
def test_numbers_of_either_numpy(core: str, tmp_path: Path) -> None:
    """NumPy 2 moved what rebuilds them; a run may be tested in another environment."""
    path = save(tmp_path / 'moved.pth', score=np.float64(0.5), best=np.zeros(2))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    (pickled,) = (name for name in parts if name.endswith('data.pkl'))
    assert b'cnumpy.' in parts[pickled]
    for other in (b'cnumpy._core.', b'cnumpy.core.'):
        parts[pickled] = parts[pickled].replace(other, f'cnumpy.{core}.'.encode())
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert check_checkpoint(path)['score'] == 0.5


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('kind', ['malicious', 'curious'])
def test_code_is_refused_by_name(kind: str, legacy: bool, tmp_path: Path) -> None:
    """Also while OneDL's own list, which has all of getattr, is not in force."""
    code = Malicious(tmp_path / 'trace') if kind == 'malicious' else Curious()
    path = save(tmp_path / 'bad.pth', legacy, code=code)
    what = 'system' if kind == 'malicious' else "HistoryBuffer'>.__init__"
    with pytest.raises(ValueError, match=f'bad.pth is refused, since it may run code.*{what}'):
        check_checkpoint(path)
    assert not (tmp_path / 'trace').exists()


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('part', [0, 0.01, 0.5, 0.99])
def test_cut_off(part: float, legacy: bool, tmp_path: Path) -> None:
    path = save(tmp_path / 'half.pth', legacy)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(ValueError, match='half.pth cannot be read .* truncated, damaged'):
        check_checkpoint(path)


def test_zeros_amid_the_tensors(tmp_path: Path) -> None:
    """What PyTorch itself would load."""
    path = save(tmp_path / 'zeros.pth')
    content = bytearray(path.read_bytes())
    begin = content.index(torch.arange(500.0, 1000.0).numpy().tobytes())
    content[begin : begin + 64] = bytes(64)
    path.write_bytes(content)
    assert torch.load(path, weights_only=True)
    with pytest.raises(ValueError, match='zeros.pth is damaged: the checksum of .*/data/0'):
        check_checkpoint(path)


@pytest.mark.parametrize('content', [{}, {'state_dict': {}}, {'a': 1}, [torch.zeros(1)], 'text'])
def test_no_checkpoint(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='other.pth is not a checkpoint: it holds no tensors'):
        check_checkpoint(tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='nothing.pth: no such file'):
        check_checkpoint(tmp_path / 'nothing.pth')


def test_no_way_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OneDL's loader would load unsafely what its list does not have, others always do."""
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '0')  # restored behind the test
    load_only_safely()
    path = save(tmp_path / 'bad.pth', code=Malicious(tmp_path / 'trace'))
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=False)
    with pytest.raises(pickle.UnpicklingError):
        checkpoint.CheckpointLoader.load_checkpoint(str(path), 'cpu')
    assert not (tmp_path / 'trace').exists()


def test_list_holds_behind_onedls_loader(tmp_path: Path) -> None:
    """It takes off PyTorch's list what it had put on it."""
    hub = MessageHub('test_list_holds')
    hub.update_scalar('train/loss', 0.5)
    path = save(tmp_path / 'run.pth', message_hub=hub.state_dict(), score=np.float32(1))
    for _ in range(2):
        assert check_checkpoint(path)['score'] == 1
        checkpoint.CheckpointLoader.load_checkpoint(str(path), 'cpu')
