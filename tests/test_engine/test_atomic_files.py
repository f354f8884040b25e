"""A file is there as a whole or not at all."""

import os
from pathlib import Path

import pytest
from mmengine.fileio import LocalBackend, get_file_backend

from mmseg_maxsquare.engine.atomic_files import (
    BACKEND,
    PARTIAL,
    AtomicBackend,
    remove_leftovers,
)

from .test_oracle_checkpoint_hook import run


class Killed(BaseException):
    """Stands for the end of the process."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writes_and_replaces(tmp_path: Path) -> None:
    backend = get_file_backend(backend_args=dict(backend=BACKEND))
    assert isinstance(backend, AtomicBackend)
    backend.put(b'old', tmp_path / 'new folder/file')
    backend.put(b'new', str(tmp_path / 'new folder/file'))
    backend.put_text('täxt', tmp_path / 'text')
    assert (tmp_path / 'new folder/file').read_bytes() == b'new'
    assert (tmp_path / 'text').read_text(encoding='utf-8') == 'täxt'
    assert names(tmp_path / 'new folder') == ['file']


@pytest.mark.parametrize('step', ['fsync', 'replace'])
def test_the_old_file_stays_until_the_new_one_is_complete(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At both moments the whole content is under the other name."""
    path = tmp_path / 'file'
    path.write_bytes(b'old')

    def look(*args: object) -> None:
        assert path.read_bytes() == b'old'
        assert (tmp_path / f'file{PARTIAL}').read_bytes() == b'new'
        raise Killed

    monkeypatch.setattr(os, step, look)
    with pytest.raises(Killed):
        AtomicBackend().put(b'new', path)
    assert path.read_bytes() == b'old'


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says so, and the space is given back."""

    def full(handle: int) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match='No space left'):
        AtomicBackend().put(b'new', tmp_path / 'file')
    assert names(tmp_path) == []


def test_only_our_leftovers_are_removed(tmp_path: Path) -> None:
    for name in (f'iter_5.pth{PARTIAL}', 'iter_5.pth.tmp', 'iter_5.pth', 'partial'):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ['iter_5.pth', 'iter_5.pth.tmp', 'partial']
    remove_leftovers(tmp_path / 'no such folder')


def test_outdated_checkpoints_go_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When one is removed, the next of its kind is there: the last ones and the best ones."""
    removed, remove = [], LocalBackend.remove

    def look(backend: LocalBackend, path: str) -> None:
        kind = Path(path).name.split('_')[0]
        removed.append(kind)
        assert len(list(tmp_path.glob(f'run/{kind}_*.pth'))) == 2
        remove(backend, path)

    monkeypatch.setattr(LocalBackend, 'remove', look)
    scores = dict(mIoU=[10.0, 30.0, 20.0, 40.0])
    run(tmp_path / 'run', scores, save_best='mIoU', max_keep_ckpts=1, save_begin=1)
    assert removed.count('best') == 2 and removed.count('iter') >= 1
    left = sorted(path.name for path in tmp_path.glob('run/*.pth'))
    assert left == ['best_oracle_mIoU_iter_4.pth', 'iter_4.pth']
