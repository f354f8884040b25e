"""Every argument that our data sets inherit works or is refused."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from mmengine.dataset import BaseDataset
from mmseg.datasets import BaseSegDataset
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import DATASETS

from tests.helpers.tiny_data import FORMATS, make_office31, save_image, train_pipeline

REFUSED = dict(
    filter_cfg=dict(min_size=32),
    ignore_index=0,
    reduce_zero_label=True,
    backend_args=dict(backend='petrel'),
)
# What mmengine itself does with its arguments, whatever the data set.
OF_MMENGINE = {'indices', 'serialize_data', 'test_mode', 'lazy_init', 'max_refetch', 'pipeline'}
# Tests of their own: lists, folders, endings, class lists.
TESTED = {'ann_file', 'data_root', 'data_prefix', 'img_suffix', 'seg_map_suffix', 'metainfo'}


def arguments_of(kind: type) -> set[str]:
    return set(inspect.signature(kind.__init__).parameters) - {'self', 'kwargs'}


def test_all_arguments_are_accounted_for() -> None:
    known = {*REFUSED, *OF_MMENGINE, *TESTED}
    assert arguments_of(BaseSegDataset) <= known
    assert arguments_of(BaseDataset) <= known


@pytest.mark.parametrize('name', REFUSED)
@pytest.mark.parametrize('form', FORMATS)
def test_label_id_data_sets(form: str, name: str, tmp_path: Path) -> None:
    made = FORMATS[form]
    cfg = dict(made.cfg, data_root=str(made.make(tmp_path)), pipeline=train_pipeline())
    with pytest.raises(ValueError, match=f'{made.cfg["type"]}: {name}='):
        DATASETS.build({**cfg, name: REFUSED[name]})


@pytest.mark.parametrize('name', [*REFUSED, 'seg_map_suffix'])
def test_image_folder(name: str, tmp_path: Path) -> None:
    save_image(tmp_path / 'a.png', (6, 8), np.random.default_rng(0))
    value = REFUSED.get(name, '.bmp')
    with pytest.raises(ValueError, match=f'ImageFolderDataset: {name}='):
        DATASETS.build(dict(type='ImageFolderDataset', data_root=str(tmp_path), **{name: value}))


@pytest.mark.parametrize(
    ('name', 'value'), [('ann_file', 'list.txt'), ('filter_cfg', dict(min_size=3))]
)
def test_classification(name: str, value: object, tmp_path: Path) -> None:
    make_office31(tmp_path)
    cfg = dict(type='Office31Dataset', domain='dslr', data_root=str(tmp_path))
    with pytest.raises(ValueError, match=f'Office31Dataset: {name}='):
        DATASETS.build({**cfg, name: value})


def test_endings_and_folder_of_images(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ('x/a.png', 'x/b.jpg', 'y/c.png'):
        save_image(tmp_path / name, (6, 8), rng)

    def names(**fields) -> list[str]:
        dataset = DATASETS.build(dict(type='ImageFolderDataset', data_root=str(tmp_path), **fields))
        paths = (dataset.get_data_info(i)['img_path'] for i in range(len(dataset)))
        return [Path(path).name for path in paths]

    assert names() == ['a.png', 'b.jpg', 'c.png']
    assert names(img_suffix='.png') == ['a.png', 'c.png']
    assert names(img_suffix=['.JPG']) == ['b.jpg']
    assert names(data_prefix=dict(img_path='x')) == ['a.png', 'b.jpg']
    (tmp_path / 'list.txt').write_text('b.jpg\na.png label.png\n')
    listed = dict(ann_file=str(tmp_path / 'list.txt'), data_prefix=dict(img_path='x'))
    assert names(**listed) == ['b.jpg', 'a.png']
    with pytest.raises(ValueError, match=r"img_suffix='.png': the list .* says which images"):
        names(**listed, img_suffix='.png')
    with pytest.raises(ValueError, match='it has one folder and no labels'):
        names(data_prefix=dict(img_path='x', seg_map_path='y'))
    with pytest.raises(ValueError, match=r"orientation must be one of \('shown', 'stored'\)"):
        names(orientation='upside down')


def test_arguments_of_loading_steps(tmp_path: Path) -> None:
    """The data set decides how files are read; a step that says something else is refused."""
    made = FORMATS['gta5']
    cfg = dict(made.cfg, data_root=str(made.make(tmp_path)))
    image, label = dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')
    pack = dict(type='PackSegInputs')

    def build(*steps: object, **fields: object) -> None:
        DATASETS.build({**cfg, **fields, 'pipeline': [*steps, pack]})[0]

    build(image, dict(label, reduce_zero_label=False, imdecode_backend='pillow'))
    build(dict(image, orientation='stored'), label, orientation='stored')
    with pytest.raises(ValueError, match='reduce_zero_label: the data set says how'):
        build(image, dict(label, reduce_zero_label=True))
    with pytest.raises(ValueError, match='imdecode_backend: the data set says how'):
        build(image, dict(label, imdecode_backend='cv2'))
    with pytest.raises(ValueError, match='imdecode_backend: the data set says how'):
        build(image, LoadAnnotations(imdecode_backend='cv2'))
    with pytest.raises(ValueError, match="orientation='shown', but that of the data set is 'sto"):
        build(dict(image, orientation='shown'), label, orientation='stored')


def test_table_of_ids(tmp_path: Path) -> None:
    made = FORMATS['gta5']
    cfg = dict(made.cfg, data_root=str(made.make(tmp_path)), pipeline=train_pipeline())
    with pytest.raises(ValueError, match=r'metainfo\.label_map: the table of the data set'):
        DATASETS.build(dict(cfg, metainfo=dict(label_map={0: 1})))


@pytest.mark.parametrize(
    'argument', [dict(orientation='stored'), dict(metainfo=dict(classes=('0', '1')))]
)
def test_digits(argument: dict) -> None:
    with pytest.raises(ValueError, match=f'DigitsDataset: {next(iter(argument))}='):
        DATASETS.build(dict(type='DigitsDataset', name='uci', split='train', **argument))
