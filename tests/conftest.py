"""What all tests share: one thread, a fixed seed, the folder of facts and oracles."""

import gc
import os
from pathlib import Path

import mmengine.config.config
import pytest
import torch
import yapf.yapflib.yapf_api
from mmengine.registry import init_default_scope

from tests.helpers import REPO

# Several test processes may share few cores.
torch.set_num_threads(1)
# As a Runner does: configs name mmseg's types without a prefix.
init_default_scope('mmseg')
# Making configs pretty takes most of the time of a tiny run; names of 0.10.7 and OneDL's.
mmengine.config.config.FormatCode = lambda text, **style: (text, False)
yapf.yapflib.yapf_api.FormatCode = mmengine.config.config.FormatCode


def pytest_collection_finish() -> None:
    """mmengine collects garbage with every data set and run, without all tests and modules here."""
    gc.collect()
    gc.freeze()


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
