"""What all tests share: one thread, a fixed seed, the folder of facts and oracles."""

import os
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope

from tests.helpers import REPO

# Several test processes may share few cores.
torch.set_num_threads(1)
# As a Runner does: configs name mmseg's types without a prefix.
init_default_scope('mmseg')


@pytest.fixture(autouse=True)
def fixed_seed() -> None:
    """Start every test from the same random state, whatever ran before it."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def loading_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tools have PyTorch load safely only, for the rest of their process; tests do not."""
    monkeypatch.delenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', raising=False)


@pytest.fixture(scope='session')
def shared() -> Path:
    """Folder with ``oracle/`` and ``data/``, from $MMSEG_MAXSQUARE_SHARED or beside the repo."""
    folder = Path(os.environ.get('MMSEG_MAXSQUARE_SHARED', REPO.parent / 'shared'))
    if not folder.is_dir():
        pytest.skip(f'no shared folder {folder}: set MMSEG_MAXSQUARE_SHARED to where it is')
    return folder
