"""Studies: which tables and seeds, what they share, and what is wrong in a file."""

from pathlib import Path

import pytest

from mmseg_maxsquare.analysis import study as module
from mmseg_maxsquare.analysis.runner import work_dir_of
from mmseg_maxsquare.analysis.specs import spec_names
from mmseg_maxsquare.analysis.study import load_study, run_study
from mmseg_maxsquare.cli.main import main

from tests.helpers import REPO

OWN = """
title = 'Two tables'
tables = ['2', '4']
seeds = [3, 5]
"""


@pytest.mark.parametrize('name', spec_names('study'))
def test_shipped_studies_load(name: str) -> None:
    study = load_study(name)
    assert study.name == name and study.tables and study.seeds


RUNS = 16


def test_tables_share_their_runs(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Table 4 has four rows of Table 2, and its source model: 14 + 7 - 5 runs, once a seed."""
    (tmp_path / 'own.py').write_text(OWN)
    main(['study', str(tmp_path / 'own.py'), '--dry-run', '--out', str(tmp_path / 'out')])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'Two tables'
    runs = [tuple(line.split()[i] for i in (1, -1)) for line in lines if line.startswith('seed ')]
    assert len(runs) == len(set(runs)) == 2 * RUNS
    assert {seed for seed, _ in runs} == {'3', '5'}
    assert lines[-1].startswith(f'{2 * RUNS} runs, about ')
    assert not (tmp_path / 'out').exists()


def test_seeds_may_be_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    monkeypatch.setattr(module, 'run_tables', lambda *args, threads: given.append((*args, threads)))
    module.run_study('camvid', seeds=[4], out=tmp_path)
    module.run_study('camvid', out=tmp_path)
    assert [args[1] for args in given] == [[4], [0, 1, 2]]
    assert [args[-1] for args in given] == [1, 1]  # on any machine, as in the published results


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ("title = 'x'\ntables = ['2']", r"missing \['seeds'\]"),
        (OWN + 'row = 1', r"unknown fields \['row'\]"),
        (OWN.replace("'4'", "'9'"), 'no table 9; the available ones: '),
        (OWN + 'seeds = 3', 'seeds is 3, expected a list of one or more whole numbers from 0'),
        (OWN + 'seeds = [-1]', r'seeds is \[-1\], expected a list of one or more whole numbers'),
        (OWN + 'seeds = ["0"]', r"seeds is \['0'\], expected a list of one or more whole numb"),
        (OWN + 'tables = "4"', "tables is '4', expected a list of one or more texts"),
        (OWN + 'report = "x"', r"report must be one of \['guard', 'evidence'\]"),
        (OWN + 'seeds = [', 'cannot be read: .*was never closed'),
    ],
)
def test_errors_are_one_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / 'own.py').write_text(text)
    with pytest.raises(SystemExit, match=f'^error: .*{message}'):
        main(['study', str(tmp_path / 'own.py'), '--dry-run'])


def test_no_such_study() -> None:
    with pytest.raises(SystemExit, match='^error: no study camvids; the available ones: camvid'):
        main(['study', 'camvids'])


def test_report_of_the_guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the runs, their looks and the tables are written."""
    monkeypatch.setattr(module, 'run_tables', lambda *args, threads: None)
    looks = (REPO / 'docs/data/guard_looks.csv').read_text().splitlines()
    rows = [line.split(',', 3)[3] for line in looks if ',anchored IW,' in line or 'row' in line]
    first = load_study('guard').tables[0]
    run = next(row.run for row in first.rows if row.name == 'anchored IW')
    path = work_dir_of(run, 0, tmp_path) / 'guard.csv'
    path.parent.mkdir(parents=True)
    path.write_text('\n'.join(rows[:15]) + '\n')
    run_study('guard', seeds=[0], out=tmp_path)
    text = (tmp_path / 'guard.md').read_text()
    assert '| camvid_dusk | anchored IW | 0 | 34.4 | 42.0 | 41.6 | step 300 | 41.6 |' in text
    assert len((tmp_path / 'looks.csv').read_text().splitlines()) == 15
