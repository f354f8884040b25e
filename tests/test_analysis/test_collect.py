"""Tables whose columns are runs of their own: which run is which cell, and the average."""

import json
from pathlib import Path

import pytest
from mmengine.config import Config

from mmseg_maxsquare.analysis.collect import collect, write_table
from mmseg_maxsquare.analysis.found_runs import find_runs
from mmseg_maxsquare.analysis.rows import Table
from mmseg_maxsquare.analysis.tables import load_table

from tests.helpers import REPO

COLUMNS = ['A→W', 'D→W', 'W→D', 'A→D', 'D→A', 'W→A']
TASKS = ['a2w', 'd2w', 'w2d', 'a2d', 'd2a', 'w2a']


def leave_run(
    out: Path, config: str, seed: int, *accuracies: float, run: dict | None = None
) -> Path:
    """What a training of a config leaves that was scored that often."""
    folder = out / f'seed{seed}/{config}'
    logs = folder / '20260101_120000/vis_data'
    logs.mkdir(parents=True)
    cfg = Config.fromfile(REPO / f'configs/{config}.py')
    cfg.randomness = dict(seed=seed)
    cfg.train_cfg.max_iters = len(accuracies)
    if run is not None:
        cfg.run = run
    cfg.dump(logs / 'config.py')
    lines = [
        {**part, 'step': step}
        for step, accuracy in enumerate(accuracies, start=1)
        for part in ({'loss': 1.0}, {'aAcc': accuracy, 'Acc.mug': 1.0})
    ]
    (logs / 'scalars.json').write_text('\n'.join(map(json.dumps, lines)))
    return folder


def collected(out: Path, **kwargs) -> tuple[dict, str]:
    return collect(load_table('1'), find_runs([out]), **kwargs)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """All six columns of MaxSquare with seed 0: 10, 20, ..., 60; with seed 1 but two of them."""
    for number, task in enumerate(TASKS, start=1):
        leave_run(tmp_path, f'maxsquare/office31_{task}', 0, 99.0, 10.0 * number)
    for task in ('w2a', 'a2w'):
        leave_run(tmp_path, f'maxsquare/office31_{task}', 1, 30.0)
    return tmp_path


def test_cells_and_average_by_hand(runs: Path) -> None:
    """(10 + ... + 60) / 6 = 35 where all columns are there, no average where they are not."""
    results, notes = collected(runs)
    cells = {column: 10.0 * number for number, column in enumerate(COLUMNS, start=1)}
    assert results == {
        'MaxSquare': {0: {**cells, 'Avg': 35.0}, 1: {'A→W': 30.0, 'W→A': 30.0}},
    }
    assert notes == 'Ours: the last checkpoint. Seeds [0, 1].'


def test_fine_tuning_by_the_same_config_is_another_row(runs: Path) -> None:
    """As Figure 5 does; Table 1 trains from ImageNet."""
    config = 'minent/office31_a2w'
    run = dict(config=f'{config}.py', options={}, start='source_only/office31_a2w.py')
    leave_run(runs / 'figure5', config, 0, 7.0, run=run)
    assert 'EntMin' not in collected(runs)[0]
    leave_run(runs / 'table1', config, 0, 8.0, run={**run, 'start': None})
    assert collected(runs)[0]['EntMin'] == {0: {'A→W': 8.0}}


def test_oracle_takes_the_best_of_every_column(runs: Path) -> None:
    results, notes = collected(runs, oracle=True)
    assert results['MaxSquare'][0] == {**dict.fromkeys(COLUMNS, 99.0), 'Avg': 99.0}
    assert notes.startswith('ORACLE')


def test_two_runs_of_one_cell_are_named_with_their_column(runs: Path, tmp_path: Path) -> None:
    leave_run(tmp_path / 'again', 'maxsquare/office31_d2w', 0, 7.0)
    with pytest.raises(ValueError, match='two runs are "MaxSquare D→W" with seed 0: .*again'):
        collected(runs)


def test_table_of_the_paper_with_its_deviations(runs: Path, tmp_path: Path) -> None:
    """A→W: 20 ± 14.1 of 10 and 30, against 92.4 ± 0.5; the average is of one seed."""
    text = write_table(load_table('1'), [runs], tmp_path / 'out')
    lines = {tuple(line.split(' | ')[:2]): line for line in text.splitlines()}
    best = '| 64.5 ± 48.8 | 99.0 | 99.0 | 99.0 | 99.0 | 64.5 ± 48.8 | 99.0 |'
    assert lines['| MaxSquare', 'oracle'].endswith(best)
    assert '| method | numbers | seeds | A→W | D→W | W→D | A→D | D→A | W→A | Avg |' in text
    ours = '| 20.0 ± 14.1 | 20.0 | 30.0 | 40.0 | 50.0 | 45.0 ± 21.2 | 35.0 |'
    assert lines['| MaxSquare', 'ours'].endswith(ours)
    theirs = '| 92.4 ± 0.5 | 99.1 ± 0.1 | 100.0 ± 0.0 | 90.0 ± 0.2 | 68.1 ± 0.4 | 64.2 ± 0.2 |'
    assert lines['| MaxSquare', 'paper'].endswith(f'{theirs} 85.6 |')
    assert lines['| MaxSquare', 'difference'].startswith('| MaxSquare | difference |  | -72.4 |')
    assert (
        lines['| DANN [10] (a, b)', 'ours'] == '| DANN [10] (a, b) | ours | 0 ' + '| - ' * 7 + '|'
    )
    assert '- b: Paper: a bottleneck of 256 features, ten crops' in text
    assert 'table1,MaxSquare,Avg,35.0000,,1,85.6000,-50.6000,last' in (
        (tmp_path / 'out/table.csv').read_text().splitlines()
    )
    assert not (tmp_path / 'out/bars.png').exists()  # there are no classes


def test_a_mean_over_two_columns_of_another_table(tmp_path: Path) -> None:
    """The table of digits has its own columns, and no source model among its rows."""
    table: Table = load_table('digits')
    leave_run(tmp_path, 'source_only/digits_mnist2uci', 0, 70.0)
    for task, accuracy in (('mnist2uci', 50.0), ('uci2mnist', 60.0)):
        leave_run(tmp_path, f'source_only/digits_{task}_bn', 0, accuracy)
    results, _ = collect(table, find_runs([tmp_path]))
    cells = {'MNIST→UCI': 50.0, 'UCI→MNIST': 60.0, 'Avg': 55.0}
    assert results == {'BN control': {0: cells}}
