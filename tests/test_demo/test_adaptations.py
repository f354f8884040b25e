"""The demo's calls of ``adapt``: both at the same time, and what becomes of a failure."""

import json
import sys
from pathlib import Path

import pytest

from mmseg_maxsquare.demo import adaptations
from mmseg_maxsquare.demo.adaptations import adapt_both, verdict_of

# Stands in for the interpreter: waits until the other call has started, then ends as its mode.
PROGRAM = """#!{python}
import json, pathlib, sys, time
_, _, _, command, config, checkpoint, target, _, folder, mode = sys.argv
folder = pathlib.Path(folder)
folder.mkdir()
while len(list(folder.parent.glob('adapt_*/'))) < 2:
    time.sleep(0.01)
print('called:', command, config, checkpoint, target, mode)
(folder / 'verdict.json').write_text(json.dumps(dict(verdict=mode)))
sys.exit({code} if mode == '--with-source' else 0)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def install(code: int) -> None:
        path = tmp_path / 'python'
        path.write_text(PROGRAM.format(python=sys.executable, code=code))
        path.chmod(0o755)
        monkeypatch.setattr(adaptations.sys, 'executable', str(path))
        monkeypatch.setattr(adaptations, 'POLL_SECONDS', 0.01)

    return install


def call(tmp_path: Path) -> dict[str, Path]:
    return adapt_both(Path('own.py'), Path('own.pth'), Path('photos'), tmp_path / 'out')


def test_both_modes_run_at_the_same_time(program, tmp_path: Path) -> None:
    program(code=0)
    folders = call(tmp_path)
    assert [verdict_of(path) for path in folders.values()] == ['--source-free', '--with-source']
    log = folders['adapt, source-free'].with_suffix('.log').read_text()
    assert log == 'called: adapt own.py own.pth photos --source-free\n'
    assert json.loads((tmp_path / 'out/adapt_with_source/verdict.json').read_text())


def test_a_failure_names_its_log(program, tmp_path: Path) -> None:
    program(code=3)
    with pytest.raises(SystemExit, match=r'out/adapt_with_source\.log:\ncalled: adapt own\.py'):
        call(tmp_path)
