"""Cityscapes from its original label files, with 19, 16 or 13 classes."""

from pathlib import Path

import numpy as np
import pytest
from mmseg.datasets import CityscapesDataset
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_maxsquare.datasets.cityscapes import class_names, metainfo_of
from mmseg_maxsquare.datasets.label_ids import label_map

from tests.helpers.tiny_data import (
    CLASSES_19,
    LABEL_IDS,
    TRAIN_IDS,
    build_dataset,
    label_of,
    make_cityscapes,
    names_of,
    save_label,
    train_pipeline,
)

# RGB of the 19 classes, typed in from cityscapesscripts.
COLOURS = (
    (128, 64, 128), (244, 35, 232), (70, 70, 70), (102, 102, 156), (190, 153, 153),
    (153, 153, 153), (250, 170, 30), (220, 220, 0), (107, 142, 35), (152, 251, 152),
    (70, 130, 180), (220, 20, 60), (255, 0, 0), (0, 0, 142), (0, 0, 70), (0, 60, 100),
    (0, 80, 100), (0, 0, 230), (119, 11, 32),
)  # fmt: skip
VAL = dict(
    type='CityscapesLabelIdDataset',
    data_prefix=dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
)
TRAIN = dict(type='CityscapesLabelIdDataset')
BOTH = ('labelIds', 'labelTrainIds')
SIZE = (40, 64)  # room for every class


@pytest.mark.parametrize('num_classes', [None, 19, 16, 13])
@pytest.mark.parametrize('split', ['train', 'val'])
def test_both_kinds_of_labels_give_the_same_maps(
    tmp_path: Path, num_classes: int | None, split: str
) -> None:
    """And the right ones, computed from the train ids in the file."""
    cfg, maps = VAL if split == 'val' else TRAIN, {}
    for kind in BOTH:
        make_cityscapes(tmp_path / kind, size=SIZE, labels={split: kind})
        dataset = build_dataset(tmp_path / kind, cfg, num_classes=num_classes)
        assert len(dataset) == 2
        maps[kind] = [label_of(dataset, index) for index in (0, 1)]
    kept = TRAIN_IDS[num_classes or 19]
    for index in (0, 1):
        files = sorted((tmp_path / 'labelTrainIds/gtFine').rglob('*.png'))
        train_ids = np.array(Image.open(files[index]))
        assert len(np.unique(train_ids)) == 20
        expected = np.full(SIZE, 255)
        for new, train in enumerate(kept):
            expected[train_ids == train] = new
        for kind in BOTH:
            np.testing.assert_array_equal(maps[kind][index], expected)


def test_label_ids_are_preferred(tmp_path: Path) -> None:
    """labelTrainIds beside them are not looked at, however wrong."""
    make_cityscapes(tmp_path, labels={'val': BOTH})
    expected = label_of(build_dataset(tmp_path, VAL))
    for path in (tmp_path / 'gtFine').rglob('*labelTrainIds.png'):
        save_label(path, np.full((24, 32), 99, np.uint8))
    dataset = build_dataset(tmp_path, VAL)
    assert dataset.get_data_info(0)['seg_map_path'].endswith('_gtFine_labelIds.png')
    np.testing.assert_array_equal(label_of(dataset), expected)


def test_kinds_are_chosen_by_split(tmp_path: Path) -> None:
    """Train with the one and val with the other."""
    make_cityscapes(tmp_path, labels={'train': 'labelTrainIds', 'val': 'labelIds'})
    for cfg, ending in ((TRAIN, '_gtFine_labelTrainIds.png'), (VAL, '_gtFine_labelIds.png')):
        dataset = build_dataset(tmp_path, cfg)
        assert dataset.get_data_info(1)['seg_map_path'].endswith(ending)
        assert label_of(dataset, 1).max() == 255


def test_half_a_conversion_is_not_mixed(tmp_path: Path) -> None:
    """A labelIds file is missing where its labelTrainIds file is there: said, not patched."""
    make_cityscapes(tmp_path, labels={'val': BOTH})
    gone = next((tmp_path / 'gtFine').rglob('*000001*labelIds.png'))
    gone.unlink()
    with pytest.raises(FileNotFoundError, match='1 of 2 images') as error:
        build_dataset(tmp_path, VAL)
    assert str(gone) in str(error.value)


def test_same_maps_as_the_stock_data_set(tmp_path: Path) -> None:
    """mmseg's class reads the same pixels from its labelTrainIds."""
    make_cityscapes(tmp_path, labels={'val': BOTH})
    stock = build_dataset(tmp_path, {**VAL, 'type': 'CityscapesDataset'})
    ours = build_dataset(tmp_path, VAL)
    assert names_of(stock) == names_of(ours)
    assert tuple(stock.metainfo['classes']) == tuple(ours.metainfo['classes'])
    for index in range(2):
        np.testing.assert_array_equal(label_of(ours, index), label_of(stock, index))


def test_train_ids_know_other_ids(tmp_path: Path) -> None:
    """19 is a label id (traffic light) but no train id."""
    make_cityscapes(tmp_path, train=0, val=1, labels={'val': 'labelTrainIds'})
    (path,) = (tmp_path / 'gtFine').rglob('*.png')
    save_label(path, np.full((24, 32), 19, np.uint8))
    with pytest.raises(ValueError, match=r'unknown ids \[19\]') as error:
        build_dataset(tmp_path, VAL)[0]
    assert str(path) in str(error.value)


def test_cities(tmp_path: Path) -> None:
    """Every city's folder, sorted, each image with the label of its own city."""
    cities = ('zurich', 'aachen', 'ulm')
    make_cityscapes(
        tmp_path, train=2, val=0, labels={'train': 'labelIds'}, cities={'train': cities, 'val': ()}
    )
    dataset = build_dataset(tmp_path, TRAIN)
    assert names_of(dataset) == [
        f'{city}_{number:06d}_000019_leftImg8bit.png'
        for city in ('aachen', 'ulm', 'zurich')
        for number in (0, 1)
    ]
    table = np.vectorize(LABEL_IDS.get)
    for index in range(6):
        info = dataset.get_data_info(index)
        assert Path(info['seg_map_path']).parent.name == Path(info['img_path']).parent.name
        ids = np.array(Image.open(info['seg_map_path']))
        np.testing.assert_array_equal(label_of(dataset, index), table(ids))


def test_list_of_images(tmp_path: Path) -> None:
    """Names with their city, as lists of other codes have them."""
    make_cityscapes(tmp_path, labels={'val': 'labelIds'})
    stem = 'frankfurt/frankfurt_000001_000019'
    for line in (stem, f'{stem}_leftImg8bit.png'):
        (tmp_path / 'list.txt').write_text(f'{line}\n')
        dataset = build_dataset(tmp_path, VAL, ann_file='list.txt')
        assert names_of(dataset) == ['frankfurt_000001_000019_leftImg8bit.png']


@pytest.mark.parametrize('num_classes', [19, 16, 13])
@pytest.mark.parametrize('name', ['CityscapesLabelIdDataset', 'GTA5Dataset', 'SYNTHIADataset'])
def test_colours_belong_to_the_names(num_classes: int, name: str) -> None:
    """For every class list of every data set with these classes."""
    meta = DATASETS.build(dict(type=name, lazy_init=True, num_classes=num_classes)).metainfo
    names = [CLASSES_19[train] for train in TRAIN_IDS[num_classes]]
    assert list(meta['classes']) == names
    colours = dict(zip(CLASSES_19, COLOURS, strict=True))
    assert [tuple(colour) for colour in meta['palette']] == [colours[name] for name in names]
    assert meta['palette'] == metainfo_of(num_classes)['palette']


def test_without_num_classes() -> None:
    """Cityscapes' own 19, as mmseg has them."""
    meta = DATASETS.build(dict(**TRAIN, lazy_init=True)).metainfo
    assert tuple(meta['classes']) == CLASSES_19
    assert [tuple(colour) for colour in meta['palette']] == list(COLOURS)
    assert meta['palette'] == CityscapesDataset.METAINFO['palette']


@pytest.mark.parametrize('num_classes', [15, 0, 20])
def test_other_numbers_of_classes(tmp_path: Path, num_classes: int) -> None:
    with pytest.raises(ValueError, match=rf'one of \[19, 16, 13\], got {num_classes}'):
        build_dataset(tmp_path, TRAIN, num_classes=num_classes)


def test_number_and_list_of_classes(tmp_path: Path) -> None:
    """They could disagree."""
    with pytest.raises(ValueError, match='either num_classes or metainfo'):
        build_dataset(tmp_path, TRAIN, num_classes=16, metainfo=dict(classes=('road', 'car')))


@pytest.mark.parametrize('kind', BOTH)
def test_class_subset_by_hand(tmp_path: Path, kind: str) -> None:
    """From label ids and from train ids, in the order asked for, with their colours."""
    make_cityscapes(tmp_path, train=0, val=1, size=SIZE, labels={'val': BOTH})
    train_ids = np.array(Image.open(next(tmp_path.rglob('*_labelTrainIds.png'))))
    for other in set(BOTH) - {kind}:
        next(tmp_path.rglob(f'*_{other}.png')).unlink()
    dataset = build_dataset(tmp_path, VAL, metainfo=dict(classes=('bicycle', 'road', 'car')))
    expected = np.full(SIZE, 255)
    for new, train in enumerate((18, 0, 13)):
        expected[train_ids == train] = new
    assert set(np.unique(expected)) == {0, 1, 2, 255}
    np.testing.assert_array_equal(label_of(dataset), expected)
    assert dataset.metainfo['palette'] == [[119, 11, 32], [128, 64, 128], [0, 0, 142]]


def test_unlabelled_split(tmp_path: Path) -> None:
    """The target of the adaptation: the train split without gtFine."""
    make_cityscapes(tmp_path)
    assert not (tmp_path / 'gtFine/train').exists()
    dataset = build_dataset(tmp_path, TRAIN, train_pipeline(labels=False), num_classes=16)
    assert len(dataset) == 2 and len(dataset.metainfo['classes']) == 16
    assert 'gt_sem_seg' not in dataset[0]['data_samples']


def test_label_map_of_some_classes() -> None:
    """Known ids outside the table, and classes that are not asked for, are ignored."""
    names = class_names({7: 0, 26: 13, 24: 11}, (7, 8, 24, 26, 255))
    assert names == {7: 'road', 8: None, 24: 'person', 26: 'car', 255: None}
    table = label_map(names, ('car', 'road'))
    assert table == {7: 1, 8: 255, 24: 255, 26: 0, 255: 255}
