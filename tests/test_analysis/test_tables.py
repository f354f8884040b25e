"""Definitions of tables."""

from pathlib import Path
from statistics import fmean

import pytest
from mmengine.config import Config

from mmseg_maxsquare.analysis.rows import Run
from mmseg_maxsquare.analysis.specs import spec_names
from mmseg_maxsquare.analysis.tables import PAPER, PROTOCOLS, load_table

from tests.helpers import REPO

PAPER_TABLES = ['1', '2', '3', '4', '5', '6']


@pytest.mark.parametrize('name', [*PAPER_TABLES, 'camvid_day2dusk', 'digits'])
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
    ours = list(dict.fromkeys(row.name for row in table.rows))
    added = [row for row in ours if row not in theirs]
    assert [row for row in ours if row in theirs] == theirs  # all of them, in its order
    cities = ['Rome: ', 'Rio: ', 'Tokyo: ', 'Taipei: '] if name == '6' else ['']
    controls = [f'{city}BN control' for city in cities] if name in '236' else []
    assert added == controls


def test_number_of_runs() -> None:
    """Rows and their source model; Table 5 shares three cells with its neighbours."""
    counts = {name: len(load_table(name).runs) for name in PAPER_TABLES}
    assert counts == {'1': 24, '2': 14, '3': 13, '4': 7, '5': 16, '6': 29}
    slugs = {run.slug for name in ('2', '4', '5') for run in load_table(name).runs}
    # Source, Table 4's rows (Table 2's own are among them), cells; what Table 2 quotes (three
    # with Wider ResNet-38, five runs for three others), and its control.
    assert len(slugs) == 1 + 6 + 12 + 3 + 5 + 1


def test_columns_of_table_1() -> None:
    """Six tasks for each of four methods, each trained from ImageNet, and their average."""
    table = load_table('1')
    tasks = dict(zip('AWD', ('amazon', 'webcam', 'dslr'), strict=True))
    for row in table.rows:
        cfg = Config.fromfile(REPO / 'configs' / row.run.config)
        source, target = row.column.split('→')
        data = cfg.train_dataloader.dataset
        assert data.get('source', data).domain == tasks[source]
        assert cfg.val_dataloader.dataset.domain == tasks[target]
        assert row.run.start is None and row.run.train and not row.run.options
    columns = [row.column for row in table.rows]
    assert columns == ['A→W', 'D→W', 'W→D', 'A→D', 'D→A', 'W→A'] * 4
    assert list(table.means.items()) == [(c, c) for c in [*columns[:6], 'Avg']]
    assert (table.score, table.classes) == ('aAcc', [])


def test_columns_of_the_digits() -> None:
    """Each direction from its own source model: five rows of two, and two source models."""
    table = load_table('digits')
    assert len(table.rows) == 10 and len(table.runs) == 12
    for row in table.rows:
        task = row.column.replace('→', '2').lower()
        assert task in row.run.config
        assert row.run.start == Run(f'source_only/digits_{task}.py')
    assert list(table.means) == ['MNIST→UCI', 'UCI→MNIST', 'Avg']
    assert (table.paper, table.score) == ([], 'aAcc')


def test_a_run_comes_behind_its_start() -> None:
    for name in spec_names('table'):
        runs = load_table(name).runs
        for number, run in enumerate(runs):
            assert set(run.needs) <= set(runs[:number])


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


def test_an_ensemble_needs_its_members() -> None:
    rows = {row.name: row.run for row in load_table('2').rows}
    run = rows['AdvEnt+MinEnt [31]']
    members = (Run('advent/gta2cs_advent.py'), Run('advent/gta2cs_minent_er.py'))
    assert run.needs == run.members == members and not run.train
    assert (run.config, run.weights, run.mean) == (members[0].config, (1.0, 1.0), 'logits')
    assert run.slug == 'ensemble/advent_gta2cs_advent+advent_gta2cs_minent_er'


@pytest.mark.parametrize('name', ['1', '2', '3', '6'])
def test_what_the_paper_quotes_has_notes_on_its_protocol(name: str) -> None:
    for row in load_table(name).paper:
        if '[' in row['name']:
            assert len(row['notes']) >= 1 + (row['name'] != 'ResNet-50 [12]')


def test_every_protocol_note_is_used_and_every_row_is_there() -> None:
    used = {k for rows in PROTOCOLS['tables'].values() for keys in rows.values() for k in keys}
    assert used == set(PROTOCOLS['notes'])
    for number, rows in PROTOCOLS['tables'].items():
        names = {row['name'] for row in PAPER[number]['rows']}
        methods = names | {name.partition(': ')[2] for name in names}
        assert set(rows) <= methods


def test_means_that_do_not_fit_their_classes_are_noted() -> None:
    """By arithmetic on the printed numbers, in the tables whose classes are printed."""
    for number in ('2', '3', '6'):
        for row in load_table(number).paper:
            classes = [
                v for k, v in row['values'].items() if k.startswith('IoU.') and v is not None
            ]
            means = [v for k, v in row['values'].items() if k.startswith('mIoU') and v is not None]
            off = abs(fmean(classes) - means[0]) > 0.1
            noted = any(note.startswith('The printed mean') for note in row['notes'])
            assert off is noted, row['name']


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
        ("title = 'x'\nrows = [dict(columns={})]", r"missing \['name'\]"),
        (
            "title = 'x'\nrows = [dict(name='a', config='b', columns={})]",
            r"row a: unknown fields \['config'\]",
        ),
        (
            "title = 'x'\nrows = [dict(name='a', members=['advent/gta2cs_advent.py'])]",
            'row a: an ensemble has at least two members',
        ),
        (
            "title = 'x'\nrows = [dict(name='a', weights=[1, 0], members="
            "['advent/gta2cs_advent.py', 'advent/gta2cs_minent.py'])]",
            r'each with a weight above 0; got 2 members, weights \[1, 0\]',
        ),
        (
            "title = 'x'\nrows = [dict(name='a', mean='median', members="
            "['advent/gta2cs_advent.py', 'advent/gta2cs_minent.py'])]",
            r"mean must be one of \('logits', 'probabilities'\), got 'median'",
        ),
        (
            "title = 'x'\nrows = [dict(name='a', members="
            "['advent/gta2cs_advent.py', 'advent/synthia2cs_advent.py'])]",
            'of one network and its classes, but model.decode_head.num_classes is 19 in advent/gta',
        ),
        (
            "title = 'x'\nrows = [dict(name='a', members="
            "['advent/gta2cs_advent.py', 'adaptsegnet/gta2cs.py'])]",
            r'model.decode_head.dilations is \(6, 12, 18, 24\) in advent.*\(6, 12\) in adapts',
        ),
        (
            "title = 'x'\nrows = [dict(name='a', members='advent/gta2cs_advent.py')]",
            "members is 'advent/gta2cs_advent.py', expected a list of one or more texts",
        ),
        (
            "title = 'x'\nrows = [dict(name='a', members=['advent/gta2cs_advent.py', 'no.py'])]",
            'row a: no config no.py; name one below',
        ),
        *(
            (f"title = 'x'\nrows = [dict(name='a', config='maxsquare/gta2cs.py'){row}", message)
            for row, message in (
                (']\nreferences = ["b"]', "references has 'b', which is no row of the table"),
                (']\npictures = "a"', "pictures is 'a', expected a list of texts"),
                (']\nstart = 3', 'start is 3, expected a config, a config for each column, or Non'),
                (']\nstart = "no.py"', 'row a: no config no.py; name one below'),
                (']\nstart = dict(b="c.py")', 'row a: start is .*, expected a config: it has no'),
                (']\npaper = "7"', r"paper is '7', expected one of \['1', '2'"),
                (']\ntitle = 3', 'title is 3, expected a text'),
                (" | dict(config='no.py')]", 'row a: no config no.py; name one below'),
                (' | dict(config=3)]', 'row a: config is 3, expected a text'),
                (" | dict(train='no')]", "row a: train is 'no', expected True or False"),
                (' | dict(train=False)]', 'row a: train=False scores the checkpoint of start; add'),
                (' | dict(options=[3])]', r'row a: options is \[3\], expected a dict of config fi'),
                (
                    ' | dict(grid=dict(b=3))]',
                    r"row a: grid is \{'b': 3\}, expected a dict of pairs",
                ),
                ('] * 2', 'two rows have the name a'),
                ('', r'own.py cannot be read: .*was never closed'),
            )
        ),
        (
            "title = 'x'\nrows = [dict(name='a', columns=dict(b='dann/digits_mnist2uci.py'))]\n"
            "start = dict(c='source_only/digits_mnist2uci.py')",
            'row a: start has no config for the column b',
        ),
        ("title = 'x'\nrows = []", r'rows is \[\], expected a list of one or more dicts'),
        ("title = 'x'\nrows = ['a']", r"rows is \['a'\], expected a list of one or more dicts"),
        *(
            (
                f"title = 'x'\nrows = [dict(name='a', weights=[1, {weight}], members="
                "['advent/gta2cs_advent.py', 'advent/gta2cs_minent.py'])]",
                'each with a weight above 0; got 2 members',
            )
            for weight in ("'a'", "float('nan')", 'True')
        ),
    ],
)
def test_wrong_definitions(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / 'own.py').write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        load_table(str(tmp_path / 'own.py'))
    assert 'own.py' in str(error.value)


def test_no_such_table() -> None:
    with pytest.raises(ValueError, match='no table 7; the available ones: camvid_day2dusk, digits'):
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
