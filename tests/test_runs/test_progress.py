"""Progress without a terminal: one line a minute, with the time left."""

import pytest

from mmseg_maxsquare.runs import progress as module
from mmseg_maxsquare.runs.progress import clock, progress


def test_a_line_a_minute(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """100 steps of 7 s: a line after each full minute, and the last state."""
    now = [0.0]
    monkeypatch.setattr(module.time, 'monotonic', lambda: now[0])
    with progress('train', 100) as advance:
        for number in range(100):
            now[0] += 7
            advance(note=f'loss {number}')
    lines = capsys.readouterr().err.splitlines()
    steps = [int(line.split()[1]) for line in lines]
    assert steps == [*range(9, 100, 9), 100]
    assert lines[0].startswith('train: 9 of 100') and lines[0].endswith(', loss 8')
    assert ' left, ' in lines[1]


def test_nothing_to_do_prints_nothing(capsys: pytest.CaptureFixture) -> None:
    with progress('train', 0):
        pass
    assert capsys.readouterr().err == ''


def test_a_long_line_is_not_wrapped(capsys: pytest.CaptureFixture) -> None:
    with progress('x' * 300, 1) as advance:
        advance()
    assert capsys.readouterr().err == 'x' * 300 + ': 1 of 1\n'


@pytest.mark.parametrize(
    ('seconds', 'text'),
    [(0, '0 s'), (59.4, '59 s'), (60, '1 min'), (3599, '1 h 00 min'), (7500, '2 h 05 min')],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
