"""A published cell, run again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.config import Config

from mmseg_maxsquare.analysis import verify
from mmseg_maxsquare.analysis.needed_files import absent_files
from mmseg_maxsquare.analysis.provenance import provenance
from mmseg_maxsquare.analysis.rows import Run
from mmseg_maxsquare.cli.main import main

from tests.helpers import REPO

CELL = 'evidence_camvid_dusk/MaxSquare/0'
HERE = {**provenance(1), 'commit': 'abc'}


def entry(seed: int, score: float, **made_by: object) -> dict:
    return dict(
        table='evidence_camvid_dusk', row='MaxSquare', column='', seed=seed,
        metrics=dict(mIoU=score), guard=None, curve={}, strength=None, made_by={**HERE, **made_by},
    )  # fmt: skip


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Publishes a score of seed 0, made by some machine, and lets it come out as another."""
    ran: list[tuple] = []

    def set_up(
        published: float, found: float, metrics: dict | None = None, **made_by: object
    ) -> list[tuple]:
        first = entry(0, published, **made_by)
        cells = [
            {**first, 'metrics': metrics or first['metrics']},
            entry(1, published + 1),
            entry(2, published - 1),
        ]

        def execute(run: Run, seed: int, out: Path, adjust: object, threads: int) -> dict:
            ran.append((run.slug, seed, threads))
            return dict(mIoU=found)

        monkeypatch.setattr(verify, 'read_results', lambda: dict(cells=cells, comparisons=[]))
        monkeypatch.setattr(verify, 'execute', execute)
        monkeypatch.setattr(verify, 'absent_files', lambda *of: {})
        monkeypatch.chdir(tmp_path)
        return ran

    return set_up


@pytest.mark.parametrize(('published', 'found'), [(37.4, 37.4), (59.9109, 59.910913)])
def test_the_same_digits(
    published: float, found: float, publish: Callable, capsys: pytest.CaptureFixture
) -> None:
    """A score may have more digits than the results file keeps."""
    ran = publish(published, found)
    main(['study', 'evidence', '--verify', CELL])
    assert ran == [('source_only/camvid_day', 0, 1), ('evidence/camvid_dusk', 0, 1)]
    assert f'mIoU {published} here, {published} in the results file' in capsys.readouterr().out


def test_another_digit_on_the_same_machine_type(publish: Callable) -> None:
    publish(37.4, 37.41)
    with pytest.raises(SystemExit, match='mIoU: 37.41 is not 37.4, on the same machine type'):
        main(['study', 'evidence', '--verify', CELL])


def test_a_finished_run_is_not_compared_with_itself(publish: Callable, tmp_path: Path) -> None:
    ran = publish(37.4, 37.4)
    logs = tmp_path / 'runs/seed0/evidence/camvid_dusk/20260101_120000/vis_data'
    logs.mkdir(parents=True)
    (logs / 'scalars.json').write_text('{"loss": 1.0, "step": 200}\n{"mIoU": 37.4, "step": 200}')
    Config.fromfile(REPO / 'configs/evidence/camvid_dusk.py').dump(logs / 'config.py')
    with pytest.raises(SystemExit, match='holds this run, finished: nothing would run again'):
        main(['study', 'evidence', '--verify', CELL, '--out', 'runs'])
    assert ran == []


def test_another_class_on_the_same_machine_type(publish: Callable) -> None:
    publish(37.4, 37.4, metrics={'mIoU': 37.4, 'IoU.sky': 90.0})
    with pytest.raises(SystemExit, match='IoU.sky: nan is not 90.0, on the same machine type'):
        main(['study', 'evidence', '--verify', CELL])


@pytest.mark.parametrize(('found', 'inside'), [(42.3, True), (42.4, False)])
def test_another_machine(
    found: float, inside: bool, publish: Callable, capsys: pytest.CaptureFixture
) -> None:
    """37.4, 38.4 and 36.4: 37.4 +- 4.303 * sqrt(1 + 1/3) = 32.43 to 42.37."""
    publish(37.4, found, machine='other')
    if inside:
        main(['study', 'evidence', '--verify', CELL])
        assert 'within 32.43 to 42.37' in capsys.readouterr().out
    else:
        with pytest.raises(SystemExit, match='42.4 is outside 32.43 to 42.37'):
            main(['study', 'evidence', '--verify', CELL])


def test_another_machine_and_a_single_seed(
    publish: Callable, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(37.4, 30.0, machine='other')
    alone = dict(cells=[entry(0, 37.4, machine='other')], comparisons=[])
    monkeypatch.setattr(verify, 'read_results', lambda: alone)
    main(['study', 'evidence', '--verify', CELL])
    assert 'one seed, so no interval to lie in' in capsys.readouterr().out


def test_nothing_runs_without_the_data(
    publish: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = publish(37.4, 37.4)
    monkeypatch.setattr(verify, 'absent_files', absent_files)
    (tmp_path / 'file').touch()
    (tmp_path / 'data').mkdir()
    monkeypatch.setenv('MMSEG_MAXSQUARE_DATA', 'data')
    command = ['study', 'evidence', '--verify', CELL]
    with pytest.raises(SystemExit, match=r'error: --out: .*/file is a file; name another folder'):
        main([*command, '--out', 'file'])
    with pytest.raises(SystemExit, match=r'needs files that are not there: .*/CamVid; --data name'):
        main(command)
    assert ran == [] and not (tmp_path / 'work_dirs').exists()


def test_wrong_input(publish: Callable) -> None:
    publish(37.4, 37.4)
    with pytest.raises(
        SystemExit, match=f'no published cell x/y/0; this study has 3, such as {CELL}'
    ):
        main(['study', 'evidence', '--verify', 'x/y/0'])
    with pytest.raises(SystemExit, match='error: no study evidenc'):
        main(['study', 'evidenc', '--verify', CELL])
    with pytest.raises(SystemExit, match='error: --seeds changes nothing of --verify'):
        main(['study', 'evidence', '--verify', CELL, '--seeds', '1'])
