"""How the converters are called in tests."""

from collections.abc import Callable

import pytest

from mmseg_maxsquare.cli.main import main


@pytest.fixture
def convert() -> Callable[..., None]:
    return lambda *arguments: main(['convert', *map(str, arguments)])


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
