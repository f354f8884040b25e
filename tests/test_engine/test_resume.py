"""Which checkpoint a run goes on from."""

from pathlib import Path

import pytest
import torch

from mmseg_maxsquare.engine import find_resumable


def write(path: Path, step: int, time: str, seed: int | None = 0, **more) -> Path:
    """A checkpoint as a run leaves it."""
    state = dict(state_dict=dict(weight=torch.zeros(1)), message_hub={}, optimizer={})
    meta = dict(iter=step, epoch=0, time=time, seed=seed)
    torch.save({**state, 'meta': meta, **more}, path)
    return path


def test_newest_is_what_was_written_last(tmp_path: Path) -> None:
    """Of an older run in the same folder more steps are left; copies have other times."""
    write(tmp_path / 'iter_90.pth', 90, '20260101_000000', seed=1)
    newest = write(tmp_path / 'iter_20.pth', 20, '20260102_000000', seed=2)
    write(tmp_path / 'iter_10.pth', 10, '20260102_000000', seed=2)
    assert find_resumable(tmp_path) == (newest, 2)


def test_what_is_no_state_of_a_run(tmp_path: Path) -> None:
    """The best checkpoint has no optimizer, a converted one nothing but tensors."""
    write(tmp_path / 'best_oracle_mIoU_iter_9.pth', 9, '20260103_000000')
    torch.save(dict(weight=torch.zeros(1)), tmp_path / 'converted.pth')
    assert find_resumable(tmp_path) is None
    assert find_resumable(tmp_path / 'no such folder') is None


@pytest.mark.parametrize('name', ['iter_30.pth', 'iter_5.pth', 'other.pth'])
def test_broken_file_is_passed_over_and_kept(name: str, tmp_path: Path) -> None:
    good = write(tmp_path / 'iter_20.pth', 20, '20260101_000000')
    broken = tmp_path / name
    broken.write_bytes(good.read_bytes()[:-100])
    assert find_resumable(tmp_path) == (good, 0)
    assert broken.is_file()
