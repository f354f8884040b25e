"""The command table: train, test and table on tiny data."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmseg_maxsquare.analysis.tables import load_table
from mmseg_maxsquare.cli.main import main

from tests.helpers import REPO
from tests.helpers.tiny_data import (
    make_cityscapes,
    make_gta5,
    make_nthu,
    make_office31,
    make_synthia,
)

OVERLAY = """
image_scale = (65, 33)
source = dict(max_iters=2, lr=1e-3, batch_size=1)
adapt = dict(max_iters=2, lr=1e-3, batch_size=1)
model = dict(
    backbone=dict(_delete_=True, type='EfficientNetLite', pretrained=None, output_stride=8,
                  out_indices=(3, 4)),
    decode_head=dict(in_channels=112, in_index=1, dilations=(1, 2)),
    auxiliary_head=dict(in_channels=80, in_index=0, dilations=(1, 2)),
)
train_dataloader = dict(num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0, persistent_workers=False)
"""
ONE_CITY = """
title = 'One city'
start = 'source_only/cityscapes13.py'
rows = [
    dict(name='Source only', config='source_only/cs2nthu_rome.py', train=False),
    dict(name='MaxSquare', config='maxsquare/cs2nthu_rome.py',
         grid=dict(lambda_T=('model.target_loss.loss_weight', WEIGHTS))),
]
"""

TWO_TASKS = """
title = 'A row of Table 1, two of its six columns'
paper = '1'
score = 'aAcc'
rows = [dict(
    name='MaxSquare',
    columns={'A→W': 'maxsquare/office31_a2w.py', 'W→A': 'maxsquare/office31_w2a.py'},
)]
"""
SMALL = (
    'model.backbone.pretrained=None', 'model.backbone.depth=18', 'model.backbone.stem_channels=8',
    'model.backbone.base_channels=8', 'model.in_channels=64', 'train_cfg.max_iters=2',
    'train_cfg.val_interval=2', 'default_hooks.logger.interval=1',
    'train_dataloader.batch_size=4', 'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False', 'val_dataloader.num_workers=0',
    'val_dataloader.persistent_workers=False',
)  # fmt: skip


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('data')
    make_gta5(root / 'gta5')
    make_synthia(root / 'synthia')
    make_cityscapes(root / 'cityscapes', labels=dict(train='labelIds', val='labelIds'))
    make_nthu(root / 'nthu')
    (root / 'overlay.py').write_text(OVERLAY)
    return root


def call(*arguments: object, ok: bool = True) -> str:
    """Output of the command; its exit code must fit."""
    command = [sys.executable, '-m', 'mmseg_maxsquare', 'table', *map(str, arguments)]
    environment = {
        **os.environ,
        'OMP_NUM_THREADS': '1',
        'PYTHONPATH': f'{REPO}{os.pathsep}{os.environ.get("PYTHONPATH", "")}',
    }
    process = subprocess.run(command, cwd=REPO, env=environment, capture_output=True, text=True)
    output = process.stdout + process.stderr
    assert (process.returncode == 0) is ok, output[-4000:]
    assert 'Traceback' not in output
    return output


def run_table(table: object, data: Path, out: Path, *options: object, ok: bool = True) -> str:
    given = ['--data', data, '--out', out, '--overlay', data / 'overlay.py', *options]
    return call(table, *given, ok=ok)


def cells(path: Path) -> dict[tuple[str, str], dict]:
    """Lines of a CSV by row and column."""
    return {(c['row'], c['column']): c for c in csv.DictReader(path.read_text().splitlines())}


def test_a_table_of_ones_own(data: Path, tmp_path: Path) -> None:
    """Source model once, scored; a grid, of which a cell fails; then mended and gone on with."""
    own, out = tmp_path / 'city.py', tmp_path / 'out'
    own.write_text(ONE_CITY.replace('WEIGHTS', '[0.1, -1]'))  # a negative weight is refused
    plan = run_table(own, data, out, '--dry-run')
    assert plan.count(' new ') == 4 and not out.exists()
    output = run_table(own, data, out, ok=False)
    assert 'error: these runs failed' in output and 'loss_weight=-1' in output
    assert (out / 'city/table.md').is_file()
    own.write_text(ONE_CITY.replace('WEIGHTS', '[0.1, 0.2]'))
    output = run_table(own, data, out)
    assert output.count(' done ') == 3 and output.count(' new ') == 1
    found = cells(out / 'city/table.csv')
    for name in ('Source only', 'MaxSquare lambda_T=0.1', 'MaxSquare lambda_T=0.2'):
        assert found[name, 'mIoU']['seeds'] == '1'
        assert 0 <= float(found[name, 'mIoU']['ours_mean']) <= 100
    assert 'IoU.bicycle' in {column for _, column in found}
    printed = call(own, '--collect', out, '--out', tmp_path / 'again')
    assert (tmp_path / 'again/city/table.md').read_text().strip() in printed
    assert 'Runs scaled down by' in printed
    assert (tmp_path / 'again/city/bars.png').is_file()


TWO_SOURCES = """
title = 'Two source models'
rows = [
    dict(name='GTA5', config='source_only/gta.py'),
    dict(name='SYNTHIA', config='source_only/synthia.py'),
]
"""


@pytest.mark.slow
def test_rows_whose_files_are_not_there(data: Path, tmp_path: Path) -> None:
    """They are named before the start, and the others run; then the files are there."""
    root, out, own = tmp_path / 'data', tmp_path / 'out', tmp_path / 'two.py'
    own.write_text(TWO_SOURCES)
    root.mkdir()
    for name in ('gta5', 'cityscapes', 'overlay.py'):
        (root / name).symlink_to(data / name)
    output = run_table(own, root, out, ok=False)
    begin, end = output.split('[1/1] seed 0: source_only/gta')
    line = f'SYNTHIA: not run: {root}/synthia'
    assert line in begin.splitlines()
    assert f'| SYNTHIA | not run: {root}/synthia |' in end
    assert '| GTA5 | ' in end
    assert end.splitlines()[-1] == 'error: not run, since files are not there: SYNTHIA'
    plan = run_table(own, root, out, '--dry-run')
    assert f'  absent  {root}/synthia' in plan and ' done ' in plan and ' new ' in plan
    assert run_table(own, root, out, '--rows', 'gta*').count('| SYNTHIA | - |') == 1
    (root / 'synthia').symlink_to(data / 'synthia')
    assert 'not run' not in run_table(own, root, out)


@pytest.mark.slow
def test_columns_of_table_1(tmp_path: Path) -> None:
    """Two trainings of two steps: accuracies in thirty-firsts, one image a class, their mean."""
    make_office31(tmp_path / 'data/office31')
    (tmp_path / 'two.py').write_text(TWO_TASKS)
    given = ['--data', tmp_path / 'data', '--out', tmp_path / 'out', '--cfg-options', *SMALL]
    output = call(tmp_path / 'two.py', *given)
    assert output.count(': aAcc ') == 2
    found = cells(tmp_path / 'out/two/table.csv')
    columns = [float(found['MaxSquare', column]['ours_mean']) for column in ('A→W', 'W→A')]
    for accuracy in columns:
        assert accuracy * 31 / 100 == pytest.approx(round(accuracy * 31 / 100), abs=1e-3)
    average = float(found['MaxSquare', 'Avg']['ours_mean'])
    assert average == pytest.approx(sum(columns) / 2, abs=1e-3)
    assert '| MaxSquare | paper |  | 92.4 ± 0.5 | 64.2 ± 0.2 | 85.6 |' in output
    assert 'MaxSquare: option train_cfg.max_iters=2.' in output
    assert call(tmp_path / 'two.py', *given, '--dry-run').count(' done ') == 2


@pytest.mark.slow
@pytest.mark.parametrize('names', [['4', '5', '2'], ['3'], ['6']])
def test_tables_of_the_paper(names: list[str], data: Path, tmp_path: Path) -> None:
    for name in names:
        output = run_table(name, data, tmp_path)
        table = load_table(name)
        found = cells(tmp_path / table.name / 'table.csv')
        mean = next(iter(table.means))
        for row in table.rows:
            cell = found[row.name, mean]
            assert cell['seeds'] == '1'
            if cell['paper']:
                difference = float(cell['ours_mean']) - float(cell['paper'])
                assert float(cell['difference']) == pytest.approx(difference, abs=2e-4)
        in_paper = [row for row in table.rows if 'BN control' not in row.name]
        assert output.count('| difference |') == sum(not row.group for row in in_paper) + len(
            {row.group for row in table.rows if row.group}
        )
    if len(names) > 1:  # a row that tables share is one run
        assert ' done ' in output


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['7'], 'error: no table 7; the available ones: camvid_day2dusk,'),
        (['2', '--data', '/nowhere'], 'error: --data: no folder /nowhere'),
        (['2', '--overlay', 'no.py'], 'error: --overlay: no file no.py'),
        (['--collect', '/nowhere'], 'error: no folder /nowhere'),
        (['--collect', 'docs'], 'error: no finished run of any table below docs'),
        (['x', '--collect', 'docs'], 'error: no table x'),
        (['2', '--oracle'], 'error: --oracle chooses among finished runs'),
        (['2', '--rows', 'HRDA'], 'error: --rows: no row of table2 fits HRDA'),
        (['2', '--collect', 'docs', '--rows', 'MinEnt'], 'error: --rows changes runs'),
        (['2', '--collect', 'docs', '--dry-run'], 'error: --dry-run changes runs'),
        ([], 'error: name one table, got 0'),
        (['2', '3'], 'error: name one table, got 2'),
    ],
)
def test_errors_are_sentences(
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(REPO)
    with pytest.raises(SystemExit) as end:
        main(['table', *arguments])
    assert message in f'{capsys.readouterr().err}{end.value}'
