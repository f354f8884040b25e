"""The pages about data sets: their trees are what the configs read, their code runs."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS, METRICS, TRANSFORMS
from PIL import Image
from scipy.io import savemat

from mmseg_maxsquare.datasets import CamVidDataset

from tests.helpers import REPO
from tests.helpers.docs_code import code_of, data_sets, make_data, run
from tests.helpers.tiny_data import (
    CLASSES_19,
    LABEL_ID_TABLE,
    OFFICE31_CLASSES,
    SYNTHIA_TABLE,
    TRAIN_IDS,
    names_of,
    save_image,
)

PAGES = sorted((REPO / 'docs').rglob('*.md'))
DATA_PAGES = {
    'gta5': ('configs/source_only/gta.py', 'configs/maxsquare/gta2cs.py'),
    'synthia': ('configs/source_only/synthia.py', 'configs/maxsquare/synthia2cs.py'),
    'cityscapes': ('configs/source_only/cityscapes13.py',),
    'nthu': ('configs/maxsquare/cs2nthu_rome.py', 'configs/maxsquare/cs2nthu_rio.py'),
    'camvid': ('configs/source_only/camvid_day.py', 'configs/maxsquare/camvid_day2dusk.py'),
    'office31': ('configs/maxsquare/office31_a2w.py', 'configs/source_only/office31_d2a.py'),
}


def text_of(page: str) -> str:
    """A page about a data set."""
    return (REPO / f'docs/datasets/{page}.md').read_text(encoding='utf-8')


def blocks(page: str, language: str) -> list[str]:
    """Its code in a language, '' for trees."""
    return code_of(text_of(page), language)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_data(tmp_path, monkeypatch)


def test_every_data_set_has_its_page() -> None:
    assert {path.stem for path in PAGES if path.parent.name == 'datasets'} >= set(DATA_PAGES)


@pytest.mark.parametrize('page', DATA_PAGES)
def test_trees(page: str, data: Path) -> None:
    """Each line of a tree is a file of the data sets in their real layout."""
    lines = ''.join(blocks(page, '')).splitlines()
    assert len(lines) >= 2
    for line in lines:
        assert list(data.parent.glob(line.split()[0])), line


@pytest.mark.parametrize('page', DATA_PAGES)
def test_configs_read_these_trees(page: str, data: Path) -> None:
    """The data sets of the configs that the page checks with, from ``data``."""
    checked = re.findall(r'mmseg-maxsquare check (\S+?\.py)', text_of(page))
    assert [f'configs/{name}' for name in checked] == [DATA_PAGES[page][0]]
    for name in DATA_PAGES[page]:
        cfg = Config.fromfile(REPO / name)
        for loader in (cfg.train_dataloader, cfg.val_dataloader):
            assert len(DATASETS.build(loader.dataset)) > 0


@pytest.mark.parametrize('page', DATA_PAGES)
def test_snippets(page: str, data: Path) -> None:
    """They build the data sets, and every item loads."""
    code = [block for block in blocks(page, 'python') if 'split.mat' not in block]
    built = data_sets(run('\n'.join(code)))
    sizes = {key: len(dataset) for key, dataset in built.items()}
    assert (
        sizes
        == {
            'gta5': dict(gta5=3),
            'synthia': dict(synthia=3),
            'cityscapes': dict(cityscapes_val=2),
            'nthu': dict(target=3, scored=2),
            'camvid': dict(camvid_day=4, camvid_dusk=2),
            'office31': dict(source=31, scored=31),
        }[page]
    )
    for key, dataset in built.items():
        for index in range(len(dataset)):
            sample = dataset[index]['data_samples']
            assert ('gt_sem_seg' in sample or 'gt_label' in sample) is (key != 'target')


@pytest.mark.parametrize(
    ('page', 'fields', 'classes', 'images'), [('gta5', 2, 16, 1), ('synthia', 1, 13, 3)]
)
def test_comments_in_the_snippets(
    page: str, fields: int, classes: int, images: int, data: Path
) -> None:
    """Fields that are commented out are taken by the data set as well."""
    (data / 'gta5/train.txt').write_text('2\n')
    code, count = re.subn(r'^( +)# (\w+=)', r'\1\2', blocks(page, 'python')[0], flags=re.M)
    assert count == fields
    (dataset,) = data_sets(run(code)).values()
    assert (len(dataset.metainfo['classes']), len(dataset)) == (classes, images)


def test_metric_of_the_nthu_page(data: Path) -> None:
    """Its 13 names are the data set's, and the 19-class data set has them."""
    names = run(blocks('nthu', 'python')[0])
    subset = names['val_evaluator']['subsets']['mIoU13']
    assert list(subset) == [CLASSES_19[train] for train in TRAIN_IDS[13]]
    metric = METRICS.build(names['val_evaluator'])
    metric.dataset_meta = DATASETS.build(names['scored']).metainfo
    assert len(metric.dataset_meta['classes']) == 19


def test_protocols_of_the_cityscapes_page() -> None:
    """Both names in it are names of protocols."""
    named = set(re.findall(r"name='(\w+)'", text_of('cityscapes')))
    assert named == {'full_resolution', 'network_input'}
    for name in named:
        TRANSFORMS.build(dict(type='EvaluationProtocol', name=name))


def table_of(page: str) -> dict[int, int]:
    """The table of ids."""
    ids, train_ids = (
        [
            int(cell)
            for cell in re.search(rf'^\| {head} \|(.*)\|$', text_of(page), re.M)[1].split('|')
        ]
        for head in ('id', 'train id')
    )
    return dict(zip(ids, train_ids, strict=True))


def test_tables_of_ids() -> None:
    """The pages', against the tests' own; SYNTHIA's without the three classes it lacks."""
    assert table_of('gta5') == table_of('cityscapes') == LABEL_ID_TABLE
    shared = {label: train for label, train in SYNTHIA_TABLE.items() if train in TRAIN_IDS[16]}
    assert table_of('synthia') == shared
    assert set(range(23)) - set(shared) == {0, 13, 14, 16, 18, 20, 22}
    assert '16, 18 and 20 (terrain, truck, train) only count' in text_of('synthia')


def test_names_of_the_camvid_page() -> None:
    """0 sky ... 10 bicyclist, as the data set class has them."""
    listed = dict(re.findall(r'\b(\d+) ([a-z]+)(?:,|;)', ' '.join(text_of('camvid').split())))
    assert [listed[str(i)] for i in range(11)] == list(CamVidDataset.METAINFO['classes'])


def gta5_list(data: Path, code: str) -> list[str]:
    """Names that the data set reads from the list that the page's code writes."""
    run(code)
    cfg = run(blocks('gta5', 'python')[0])['gta5']
    return names_of(DATASETS.build(dict(cfg, ann_file='train.txt', serialize_data=False)))


def test_list_of_the_gta5_page(data: Path) -> None:
    """Numbers of split.mat, without blank images and pairs of two sizes; in its order."""
    (code,) = (block for block in blocks('gta5', 'python') if 'split.mat' in block)
    rng = np.random.default_rng(0)
    for number in (15188, 17705, 20803):
        for folder in ('images', 'labels'):
            image = data / f'gta5/{folder}/{number}.png'
            if folder == 'images':
                save_image(image, (24, 32), rng)
            else:
                Image.new('P', (32, 24 if number < 20000 else 22)).save(image)
    ids = np.array([[3], [15188], [1], [20803], [17705]], np.uint16)
    savemat(data / 'gta5/split.mat', dict(trainIds=ids, valIds=[[2]], testIds=[[4]]))
    assert gta5_list(data, code) == ['00003.png', '00001.png']
    # The variant for all images.
    everything = code.replace("loadmat(root / 'split.mat')['trainIds'].ravel()", 'range(1, 4)')
    assert everything != code
    assert gta5_list(data, everything) == ['00001.png', '00002.png', '00003.png']


def commands_of(page: str) -> list[str]:
    """Its lines of shell, those that go on put together."""
    return ''.join(blocks(page, 'bash')).replace('\\\n', ' ').splitlines()


def test_commands_of_the_office31_page() -> None:
    """Checkpoint, table and task are there; the table is that of the paper."""
    train, test, table, figure = commands_of('office31')
    config = train.split()[2]
    cfg = Config.fromfile(REPO / 'configs' / config)
    name = config.removesuffix('.py')
    assert test.split()[2:4] == [config, f'work_dirs/{name}/iter_{cfg.train_cfg.max_iters}.pth']
    assert table.split()[2] == '1' and (REPO / 'configs/tables/table1.py').is_file()
    assert (REPO / f'configs/minent/{figure.split()[3]}.py').is_file()


def test_counts_of_the_office31_page() -> None:
    """They add up; the names are those of the data set."""
    text = text_of('office31')
    counts = [int(n.replace(',', '')) for n in re.findall(r'/\*\.jpg +([\d,]+)', text)]
    assert counts == [2817, 795, 498]
    assert f'{sum(counts):,} images of 31 classes' in text
    names = re.search(r'are the classes: (.*?)\. A folder', text, re.S)[1]
    assert tuple(names.replace('\n', ' ').split(', ')) == OFFICE31_CLASSES


@pytest.mark.parametrize('page', sorted(set(DATA_PAGES) - {'office31'}))
def test_fields_of_the_commands(page: str) -> None:
    """What --cfg-options sets belongs to the data set that it is meant for."""
    commands = commands_of(page)
    assert bool(commands) is (page == 'gta5')
    for command in commands:
        tool, config, option, setting = re.fullmatch(
            r'mmseg-maxsquare (train) +(\S+) +(--cfg-options) +(\S+)', command
        ).groups()
        cfg = Config.fromfile(REPO / 'configs' / config)
        cfg.merge_from_dict(dict([setting.split('=')]))
        dataset = cfg.train_dataloader.dataset
        dataset = dataset.get('source', dataset)
        assert (dataset.type, dataset.ann_file) == ('GTA5Dataset', 'train.txt')
        assert (tool, option) == ('train', '--cfg-options')


def test_the_check_takes_these_commands() -> None:
    """The tool that every page names has a config as its argument."""
    command = [sys.executable, '-m', 'mmseg_maxsquare', 'check', '--help']
    shown = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=True).stdout
    assert 'CONFIG' in shown and '--cfg-options' in shown


def test_counts_of_the_camvid_page(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real files: what the page says of the three roles."""
    if not (shared / 'data/CamVid/train').is_dir():
        pytest.skip(f'no CamVid in {shared}/data')
    monkeypatch.setenv('MMSEG_MAXSQUARE_DATA', str(shared / 'data'))
    cfg = Config.fromfile(REPO / 'configs/maxsquare/camvid_day2dusk.py')
    pair = cfg.train_dataloader.dataset
    roles = (pair.source, pair.target, cfg.val_dataloader.dataset)
    counts = [len(DATASETS.build(dataset)) for dataset in roles]
    assert counts == [int(n) for n in re.findall(r'\| (\d+) of `', text_of('camvid'))]
    assert f'{len(list((shared / "data/CamVid/train").glob("*.png")))} images' in text_of('camvid')
