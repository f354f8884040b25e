"""Runs of rows: what is started, kept, refused, and read off their logs."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from mmengine.config import Config

from mmseg_maxsquare.analysis import collect as paper_table
from mmseg_maxsquare.analysis import run_logs
from mmseg_maxsquare.analysis import runner as runs
from mmseg_maxsquare.analysis.found_runs import find_runs
from mmseg_maxsquare.analysis.overlay import apply_overlay
from mmseg_maxsquare.analysis.queue import run_all
from mmseg_maxsquare.analysis.rows import Row, Run, Table
from mmseg_maxsquare.analysis.schedule import Plan
from mmseg_maxsquare.analysis.table import adjustment

from tests.helpers import REPO
from tests.helpers.processes import Ended

SOURCE = Run('source_only/camvid_day.py')
IW = Run('maxsquare/camvid_day2dusk_iw.py', (('model.target_loss.alpha', 0.1),), SOURCE)
SCORED = Run('source_only/camvid_day_continued.py', start=SOURCE, train=False)
LINES = [
    {'loss': 1.0, 'time': 2.0, 'step': 1},
    {'mIoU': 30.0, 'IoU.road': 50.0, 'time': 0.1, 'step': 1},
    {'loss': 0.5, 'time': 4.0, 'step': 300},
    {'mIoU': 20.0, 'IoU.road': 40.0, 'time': 0.1, 'step': 300},
]


START = runs._start


def unchanged(cfg: Config) -> None:
    pass


def leave_traces(run: Run, config: Path, work_dir: Path, cfg: Config) -> None:
    """What a finished run of tools/train.py or tools/test.py leaves behind."""
    steps = cfg.train_cfg.max_iters
    logs = work_dir / '20260101_120000'
    (logs / 'vis_data').mkdir(parents=True)
    cfg.dump(logs / 'vis_data/config.py')
    if not run.train:
        (logs / '20260101_120000.json').write_text('{"mIoU": 12.5, "time": 1}')
        return
    (work_dir / 'last_checkpoint').write_text(f'/elsewhere/iter_{steps}.pth')
    (work_dir / f'iter_{steps}.pth').touch()
    lines = [
        {**line, 'step': min(line['step'], 1) if i < 2 else steps} for i, line in enumerate(LINES)
    ]
    text = '\n'.join(map(json.dumps, lines)) + '\n{"mIoU": 3'  # torn
    (logs / 'vis_data/scalars.json').write_text(text)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stands in for the programs; the work dirs that they were started in."""
    calls = []

    def call(run: Run, config: Path, work_dir: Path, cfg: Config, threads: int | None) -> Ended:
        calls.append(work_dir)
        leave_traces(run, config, work_dir, cfg)
        return Ended()

    monkeypatch.setattr(runs, '_start', call)
    return calls


def test_runs_run_once_and_start_from_their_source(started: list[Path], tmp_path: Path) -> None:
    for _ in range(2):
        assert run_all(Plan([SOURCE, IW, SCORED], [0, 1], tmp_path, unchanged)) == {}
    assert len(started) == 6
    folder = tmp_path / 'seed1/maxsquare/camvid_day2dusk_iw+model.target_loss.alpha=0.1'
    cfg = Config.fromfile(folder.parent / f'{folder.name}.py')
    assert cfg.load_from == str(tmp_path / 'seed1/source_only/camvid_day/iter_500.pth')
    assert cfg.randomness.seed == 1
    assert cfg.model.target_loss.alpha == 0.1
    made_by = runs.provenance(None)
    assert set(made_by) == {'commit', 'machine', 'threads', 'torch'}
    assert cfg.run.to_dict() == made_by | dict(
        config='maxsquare/camvid_day2dusk_iw.py',
        options={'model.target_loss.alpha': 0.1},
        start='source_only/camvid_day.py',
        members=[],
        weights=[],
        mean='logits',
        checkpoints=[cfg.load_from],
    )
    assert run_logs.finished_metrics(folder)['mIoU'] == 20.0  # the last, not the best
    assert run_logs.finished_metrics(folder, oracle='mIoU')['mIoU'] == 30.0
    assert run_logs.seconds_per_step(folder) == 3.0
    scored = runs.work_dir_of(SCORED, 0, tmp_path)
    assert run_logs.finished_metrics(scored) == {'mIoU': 12.5, 'time': 1}
    assert run_logs.steps_done(folder) == 300


def test_another_config_is_refused_and_nothing_overwritten(
    started: list[Path], tmp_path: Path
) -> None:
    run_all(Plan([SOURCE], [0], tmp_path, unchanged))

    def shorter(cfg: Config) -> None:
        cfg.train_cfg.max_iters = 3

    failures = run_all(Plan([SOURCE], [0], tmp_path, shorter))
    assert 'holds a run of another config: train_cfg.max_iters: 500' in failures[SOURCE, 0]
    assert len(started) == 1


def test_a_failed_start_may_be_mended_and_data_may_move(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def call(run: Run, config: Path, work_dir: Path, cfg: Config, threads: int | None) -> Ended:
        if cfg.train_dataloader.dataset.data_root == '/wrong':
            raise RuntimeError('no folder /wrong')
        leave_traces(run, config, work_dir, cfg)
        return Ended()

    def move(root: str):
        def adjust(cfg: Config) -> None:
            cfg.train_dataloader.dataset.data_root = root
            if root == '/other':
                cfg.optim_wrapper.optimizer.lr = 1.0

        return adjust

    monkeypatch.setattr(runs, '_start', call)
    assert 'no folder /wrong' in run_all(Plan([SOURCE], [0], tmp_path, move('/wrong')))[SOURCE, 0]
    assert run_all(Plan([SOURCE], [0], tmp_path, move('/right'))) == {}
    assert run_all(Plan([SOURCE], [0], tmp_path, move('/elsewhere'))) == {}
    failures = run_all(Plan([SOURCE], [0], tmp_path, move('/other')))
    assert 'optim_wrapper.optimizer.lr: 0.01' in failures[SOURCE, 0]


def test_a_test_in_the_folder_of_a_training_changes_nothing(
    started: list[Path], tmp_path: Path
) -> None:
    """Neither which row it is nor its numbers, whatever was tested how."""
    run_all(Plan([SOURCE, IW], [7], tmp_path, unchanged))
    folder = runs.work_dir_of(IW, 7, tmp_path)
    before = paper_table.collect(table(Row('A', IW)), find_runs([folder]))
    cfg = Config.fromfile(REPO / 'configs' / IW.config)
    cfg.run = dict(config=IW.config, options={})
    cfg.randomness = dict(seed=0)
    logs = folder / '20270101_120000'
    (logs / 'vis_data').mkdir(parents=True)
    cfg.dump(logs / 'vis_data/config.py')
    (logs / '20270101_120000.json').write_text('{"mIoU": 99.0}')
    assert paper_table.collect(table(Row('A', IW)), find_runs([folder])) == before
    alone = tmp_path / 'alone'
    (alone / '20270101_120000').mkdir(parents=True)
    shutil.copytree(logs, alone / '20270101_120000', dirs_exist_ok=True)
    results, _ = paper_table.collect(table(Row('A', IW)), find_runs([alone]))
    assert results == {}  # a test of who knows which checkpoint is no trained row


ADVENT = tuple(Run(f'advent/camvid_day2dusk_{v}.py', (), SOURCE) for v in ('advent', 'minent_er'))
BOTH = Run(ADVENT[0].config, train=False, members=ADVENT, weights=(1.0, 2.0), mean='probabilities')


def test_an_ensemble_is_tested_with_the_checkpoints_of_its_members(
    started: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = []
    monkeypatch.setattr(runs.subprocess, 'Popen', lambda command, **_: commands.append(command))
    assert run_all(Plan([SOURCE, *ADVENT], [3], tmp_path, unchanged)) == {}
    cfg = runs.prepare(BOTH, 3, tmp_path, unchanged)
    START(BOTH, tmp_path / 'c.py', tmp_path, cfg, None)
    folder = tmp_path / 'seed3/advent'
    assert commands[0][3:] == [
        *('test', str(tmp_path / 'c.py')),
        str(folder / 'camvid_day2dusk_advent/iter_300.pth'),
        str(folder / 'camvid_day2dusk_minent_er/iter_300.pth'),
        *('--weights', '1.0', '2.0', '--mean', 'probabilities', '--work-dir', str(tmp_path)),
    ]


def test_other_weights_are_another_ensemble(started: list[Path], tmp_path: Path) -> None:
    equal = Run(ADVENT[0].config, train=False, members=ADVENT, weights=(1.0, 1.0))
    assert len({equal.slug, BOTH.slug, replace(BOTH, mean='logits').slug}) == 3
    assert BOTH.slug.endswith('+weights=1,2+mean=probabilities')
    run_all(Plan([SOURCE, *ADVENT, BOTH], [3], tmp_path, unchanged))
    rows = table(Row('equal', equal), Row('both', BOTH))
    assert set(paper_table.collect(rows, find_runs([tmp_path]))[0]) == {'both'}


def test_collect_tells_an_ensemble_from_a_test(started: list[Path], tmp_path: Path) -> None:
    alone = Run(ADVENT[0].config, start=ADVENT[0], train=False)
    run_all(Plan([SOURCE, *ADVENT, BOTH], [3], tmp_path, unchanged))
    found = find_runs([tmp_path])
    results, _ = paper_table.collect(table(Row('both', BOTH), Row('alone', alone)), found)
    assert results == {'both': {3: {'mIoU': 12.5, 'time': 1}}}


def test_a_member_that_failed_takes_the_ensemble_along(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def call(run: Run, config: Path, work_dir: Path, cfg: Config, threads: int | None) -> Ended:
        if run == ADVENT[1]:
            raise RuntimeError('it broke')
        leave_traces(run, config, work_dir, cfg)
        return Ended()

    monkeypatch.setattr(runs, '_start', call)
    failures = run_all(Plan([SOURCE, *ADVENT, BOTH], [0], tmp_path, unchanged))
    assert set(failures) == {(ADVENT[1], 0), (BOTH, 0)}


def test_a_failing_run_takes_only_its_followers_along(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    def call(run: Run, config: Path, work_dir: Path, cfg: Config, threads: int | None) -> Ended:
        if run == SOURCE and 'seed0' in str(work_dir):
            raise RuntimeError('it broke')
        leave_traces(run, config, work_dir, cfg)
        return Ended()

    monkeypatch.setattr(runs, '_start', call)
    failures = run_all(Plan([SOURCE, IW], [0, 1], tmp_path, unchanged))
    assert set(failures) == {(SOURCE, 0), (IW, 0)}
    assert 'it broke' in failures[SOURCE, 0]
    assert 'it starts from source_only/camvid_day' in failures[IW, 0]
    assert '[4/4] seed 1' in capsys.readouterr().out


def test_failed_program_names_its_log(tmp_path: Path) -> None:
    def broken(cfg: Config) -> None:
        cfg.train_dataloader.dataset.data_root = '/nowhere'

    failures = run_all(Plan([SOURCE], [0], tmp_path, broken))
    assert 'no folder /nowhere' in failures[SOURCE, 0]
    assert str(tmp_path / 'seed0/source_only/camvid_day/run.log') in failures[SOURCE, 0]


def test_unfinished_run_has_no_metrics(tmp_path: Path) -> None:
    cfg = Config.fromfile(REPO / 'configs' / SOURCE.config)
    leave_traces(SOURCE, Path('camvid_day.py'), tmp_path, cfg)
    log = tmp_path / '20260101_120000/vis_data/scalars.json'
    log.write_text('\n'.join(log.read_text().splitlines()[:2]))
    assert run_logs.finished_metrics(tmp_path) is None
    assert run_logs.finished_metrics(tmp_path / 'nowhere') is None


def test_plan(started: list[Path], tmp_path: Path) -> None:
    lines = Plan([SOURCE, IW], [0], tmp_path, unchanged).text().splitlines()
    assert lines[0].split() == ['seed', '0', 'new', '500', 'steps', 'source_only/camvid_day']
    # 500 + 2 x 300 source steps of half a second
    assert lines[-1].startswith(
        '2 runs, about 9 min of training (0.50 s per source step, '
        '1.00 s per adaptation step, assumed'
    )
    run_all(Plan([SOURCE], [0], tmp_path, unchanged))
    lines = Plan([SOURCE, IW], [0], tmp_path, unchanged).text().splitlines()
    assert 'done' in lines[0]
    assert (
        '30 min of training (3.00 s per source step, 6.00 s per adaptation step, as measured'
        in lines[-1]
    )
    lines = Plan([SOURCE, IW], [0], tmp_path, unchanged, 6.0).text().splitlines()
    assert (
        '1 h 00 min of training (6.00 s per source step, 12.00 s per adaptation step, as given'
        in lines[-1]
    )


def table(*rows: Row) -> Table:
    return Table('own', 'Own', list(rows))


def test_collect_finds_rows_by_config_and_options(started: list[Path], tmp_path: Path) -> None:
    plain = Run('maxsquare/camvid_day2dusk_iw.py', (), SOURCE)
    run_all(Plan([SOURCE, plain, IW], [0, 1], tmp_path, adjustment(None, {'log_level': 'ERROR'})))
    rows = table(Row('plain', plain), Row('alpha', IW), Row('never', Run('minent/gta2cs.py')))
    results, notes = paper_table.collect(rows, find_runs([tmp_path]))
    assert {name: sorted(by_seed) for name, by_seed in results.items()} == {
        'plain': [0, 1],
        'alpha': [0, 1],
    }
    assert 'Evaluation protocol: full_resolution.' in notes
    assert 'plain: option log_level=ERROR.' in notes
    assert 'Seeds [0, 1]' in notes and 'ORACLE' not in notes
    one, _ = paper_table.collect(rows, find_runs([tmp_path / 'seed1']))
    assert sorted(one['alpha']) == [1]
    best, notes = paper_table.collect(rows, find_runs([tmp_path]), oracle=True)
    assert best['plain'][0]['mIoU'] == 30.0
    assert notes.startswith('ORACLE')


def test_two_runs_of_one_cell_are_refused(started: list[Path], tmp_path: Path) -> None:
    for out in ('a', 'b'):
        run_all(Plan([SOURCE], [0], tmp_path / out, unchanged))
    with pytest.raises(ValueError, match='two runs are "A" with seed 0'):
        paper_table.collect(table(Row('A', SOURCE)), find_runs([tmp_path]))


def test_runs_of_other_tools_are_known_by_their_folder(tmp_path: Path) -> None:
    cfg = Config.fromfile(REPO / 'configs' / SOURCE.config)
    cfg.randomness = dict(seed=4)
    folder = tmp_path / 'source_only/camvid_day'
    folder.mkdir(parents=True)
    leave_traces(SOURCE, Path('camvid_day.py'), folder, cfg)
    results, _ = paper_table.collect(table(Row('A', SOURCE)), find_runs([tmp_path]))
    assert sorted(results['A']) == [4]


def test_write_table_leaves_three_files(started: list[Path], tmp_path: Path) -> None:
    run_all(Plan([SOURCE, IW], [0], tmp_path, unchanged))
    rows = table(Row('A', SOURCE), Row('B', IW))
    text = paper_table.write_table(rows, [tmp_path], tmp_path / 'own')
    assert '| B | 20.0 | 30.0 | 40.0 |' in text
    assert (tmp_path / 'own/table.md').read_text() == text
    assert 'own,B,mIoU,20.0000,,1,,,last' in (tmp_path / 'own/table.csv').read_text()
    assert (tmp_path / 'own/bars.png').stat().st_size > 5000
    paper_table.write_table(rows, [tmp_path], tmp_path / 'own', oracle=True)
    assert 'ORACLE' in (tmp_path / 'own/oracle.md').read_text()


@pytest.mark.parametrize(
    'name',
    [
        'maxsquare/gta2cs_iw_multi',
        'maxsquare/cs2nthu_rio',
        'source_only/gta_continued',
        'source_only/gta',
    ],
)
def test_overlay(name: str) -> None:
    cfg = Config.fromfile(REPO / f'configs/{name}.py')
    apply_overlay(cfg, REPO / 'configs/demo/overlay.py')
    first = name == 'source_only/gta'
    phase = dict(steps=200, lr=1e-2, batch=4) if first else dict(steps=150, lr=5e-3, batch=2)
    assert cfg.train_cfg.max_iters == cfg.train_cfg.val_interval == phase['steps']
    assert cfg.param_scheduler[0].end == phase['steps'] + 1
    assert cfg.optim_wrapper.optimizer.lr == phase['lr']
    assert cfg.train_dataloader.batch_size == phase['batch']
    assert cfg.model.backbone.type == 'EfficientNetLite'
    assert ('auxiliary_head' in cfg.model) == (name != 'maxsquare/cs2nthu_rio')
    scales = [line for line in cfg.pretty_text.split("type='Resize'")[:-1]]
    assert all('256' in part[-200:] for part in scales) and len(scales) >= 4
