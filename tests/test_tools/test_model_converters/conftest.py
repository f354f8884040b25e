"""The converters import each other by their plain names; how they are called in tests."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'tools/model_converters'))

from checkpoint_states import tool

import convert_checkpoint


@pytest.fixture
def convert(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return functools.partial(tool, convert_checkpoint, monkeypatch)


@pytest.fixture
def refused(convert: Callable, capsys: pytest.CaptureFixture) -> Callable[..., str]:
    """Message with which a conversion is refused."""

    def run(*arguments: object) -> str:
        with pytest.raises(SystemExit) as end:
            convert(*arguments)
        assert end.value.code.startswith('error: ')
        assert 'weights_only' not in end.value.code + capsys.readouterr().err
        return end.value.code

    return run
