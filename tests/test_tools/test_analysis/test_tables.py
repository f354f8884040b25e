"""Definitions of tables."""

from pathlib import Path

import pytest
from mmengine.config import Config

from tables import REPO, Run, load_table, table_names

PAPER_TABLES = ['2', '3', '4', '5', '6']


@pytest.mark.parametrize('name', [*PAPER_TABLES, 'camvid_day2dusk'])
def test_all_configs_exist_and_build_on_the_right_source(name: str) -> None:
    """A row's own load_from names the config that the table starts it from."""
    for row in load_table(name).rows:
        cfg = Config.fromfile(REPO / 'configs' / row.run.config)
        if row.run.start is not None and row.run.train:
            source = cfg.load_from.split('/')
            assert f'{source[1]}/{source[2]}.py' == row.run.start.config


@pytest.mark.parametrize('name', PAPER_TABLES)
def test_our_rows_are_rows_of_the_paper(name: str) -> None:
    table = load_table(name)
    theirs = [row['name'] for row in table.paper]
    ours = [row.name for row in table.rows]
    assert set(ours) <= set(theirs)
    assert ours == sorted(ours, key=theirs.index)  # in its order
    unquoted = [row for row in theirs if '[' not in row]
    assert ours == unquoted


def test_number_of_runs() -> None:
    """Rows and their source model; Table 5 shares three cells with its neighbours."""
    counts = {name: len(load_table(name).runs) for name in PAPER_TABLES}
    assert counts == {'2': 5, '3': 5, '4': 7, '5': 16, '6': 13}
    slugs = {run.slug for name in ('2', '4', '5') for run in load_table(name).runs}
    assert len(slugs) == 1 + 6 + 12  # source, Table 4's rows (Table 2's are among them), cells


def test_a_run_comes_behind_its_start() -> None:
    for name in table_names():
        runs = load_table(name).runs
        for number, run in enumerate(runs):
            assert run.start is None or run.start in runs[:number]


def test_equal_settings_are_one_run() -> None:
    rows = {row.name: row for row in load_table('5').rows}
    assert rows['MaxSquare lambda_T=0.1'].run == Run('maxsquare/gta2cs.py', (), _gta())
    other = rows['MaxSquare lambda_T=0.5'].run
    assert other.options == (('model.target_loss.loss_weight', 0.5),)
    assert other.slug == 'maxsquare/gta2cs+model.target_loss.loss_weight=0.5'
    assert rows['MaxSquare+IW alpha=0.2'].run.options == ()
    assert rows['MaxSquare+IW+Multi delta=0.95'].run.options == ()


def _gta() -> Run:
    return Run('source_only/gta.py')


def test_cities_score_one_source_model() -> None:
    rows = {row.name: row.run for row in load_table('6').rows}
    for city in ('Rome', 'Rio', 'Tokyo', 'Taipei'):
        run = rows[f'{city}: Source only']
        assert not run.train
        assert run.start == Run('source_only/cityscapes13.py')


OWN = """
title = 'Mine'
start = 'source_only/gta.py'
rows = [dict(
    name='Grid', config='maxsquare/gta2cs_iw.py', options={'model.backbone.depth': 50},
    grid=dict(lr=('optim_wrapper.optimizer.lr', [2.5e-4, 1e-3]),
              alpha=('model.target_loss.alpha', [0.1, 0.2])))]
"""


def test_a_grid_of_any_fields(tmp_path: Path) -> None:
    (tmp_path / 'own.py').write_text(OWN)
    table = load_table(str(tmp_path / 'own.py'))
    assert [row.name for row in table.rows] == [
        'Grid lr=0.00025 alpha=0.1',
        'Grid lr=0.00025 alpha=0.2',
        'Grid lr=0.001 alpha=0.1',
        'Grid lr=0.001 alpha=0.2',
    ]
    depth = ('model.backbone.depth', 50)
    rate = ('optim_wrapper.optimizer.lr', 1e-3)
    assert table.rows[1].run.options == (depth,)
    assert table.rows[3].run.options == (depth, rate)
    assert table.rows[0].group == 'Grid' and table.rows[0].setting == 'lr=0.00025 alpha=0.1'


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ("title = 'x'", r"missing \['rows'\]"),
        ("title = 'x'\nrows = []\nrow = 1", r"unknown fields \['row'\]"),
        ("title = 'x'\nrows = [dict(name='a', conf='b')]", r"row a: unknown fields \['conf'\]"),
    ],
)
def test_wrong_definitions(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / 'own.py').write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        load_table(str(tmp_path / 'own.py'))
    assert 'own.py' in str(error.value)


def test_no_such_table() -> None:
    with pytest.raises(ValueError, match=r"no table 7; there are \['camvid_day2dusk', 'table2'"):
        load_table('7')


ONE_ROW = "title = 'x'\nrows = [dict(name='a', config='maxsquare/gta2cs.py', options={})]"


@pytest.mark.parametrize(
    ('field', 'message'),
    [
        ('max_iters', 'nothing reads max_iters'),
        ('model.guidence.threshold', r'has no field model.guidence.threshold \(guidence is not'),
        ('train_dataloader.dataset.target.pipeline.9.prob', r'\(9 is not there\)'),
    ],
)
def test_fields_that_are_not_there(field: str, message: str, tmp_path: Path) -> None:
    (tmp_path / 'own.py').write_text(ONE_ROW.format({field: 1}))
    with pytest.raises(ValueError, match=message):
        load_table(str(tmp_path / 'own.py'))


def test_list_items_that_are_as_they_were(tmp_path: Path) -> None:
    options = {
        'train_dataloader.dataset.target.pipeline.3.prob': 0.5,
        'model.target_loss.alpha': 0.0,
    }
    text = f"title = 'x'\nrows = [dict(name='a', config='maxsquare/gta2cs.py', options={options})]"
    (tmp_path / 'own.py').write_text(text)
    (row,) = load_table(str(tmp_path / 'own.py')).rows
    assert row.run.options == (('model.target_loss.alpha', 0.0),)
