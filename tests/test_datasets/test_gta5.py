"""GTA5 from its original files."""

from pathlib import Path

import numpy as np
import pytest
from mmseg.datasets import CityscapesDataset
from mmseg.registry import DATASETS
from PIL import Image
from tiny_data import SIZE, make_gta5, save_label, train_pipeline

from mmseg_maxsquare.datasets import GTA5Dataset

# Train id of the label ids 0, 1, ... 34, by hand from Cityscapes' table.
TRAIN_IDS = [
    255, 255, 255, 255, 255, 255, 255,  # unlabeled ... ground
    0, 1, 255, 255,  # road, sidewalk, parking, rail track
    2, 3, 4, 255, 255, 255,  # building, wall, fence, guard rail, bridge, tunnel
    5, 255, 6, 7,  # pole, polegroup, traffic light, traffic sign
    8, 9, 10,  # vegetation, terrain, sky
    11, 12,  # person, rider
    13, 14, 15, 255, 255, 16, 17, 18,  # car, truck, bus, caravan, trailer, train, ... bicycle
    255,  # 34
]  # fmt: skip


def build(root: Path, **kwargs) -> GTA5Dataset:
    """GTA5Dataset with the plainest pipeline."""
    cfg = dict(type='GTA5Dataset', data_root=str(root), serialize_data=False)
    return DATASETS.build({**cfg, 'pipeline': train_pipeline(), **kwargs})


def label_of(dataset: GTA5Dataset, index: int) -> np.ndarray:
    """Train ids of an item."""
    return dataset[index]['data_samples'].gt_sem_seg.data[0].numpy()


@pytest.mark.parametrize('palette', [True, False])
def test_every_id_has_its_train_id(tmp_path: Path, palette: bool) -> None:
    """All of 0..34 and 255 in one file, as a palette and as a grey PNG."""
    make_gta5(tmp_path, count=1)
    ids = np.resize(np.array([*range(35), 255], np.uint8), SIZE)
    save_label(tmp_path / 'labels/00001.png', ids, palette)
    assert Image.open(tmp_path / 'labels/00001.png').mode == ('P' if palette else 'L')
    expected = np.resize(np.array([*TRAIN_IDS, 255]), SIZE)
    label = label_of(build(tmp_path), 0)
    assert len(TRAIN_IDS) == 35
    np.testing.assert_array_equal(label, expected)


def test_table_has_no_other_id() -> None:
    """Known ids are 0..34 and 255."""
    expected = {**dict(enumerate(TRAIN_IDS)), 255: 255}
    assert expected == GTA5Dataset.LABEL_IDS


def test_images_and_labels_belong_together(tmp_path: Path) -> None:
    """Items come in the order of the names, each with its own label, image as it is."""
    make_gta5(tmp_path, count=12)
    dataset = build(tmp_path)
    assert len(dataset) == 12
    table = np.array([*TRAIN_IDS, 255])
    for index in (0, 4, 11):
        name = f'{index + 1:05d}.png'
        item = dataset[index]
        assert item['data_samples'].img_path == str(tmp_path / 'images' / name)
        image = np.array(Image.open(tmp_path / 'images' / name))
        np.testing.assert_array_equal(item['inputs'].numpy().transpose(1, 2, 0)[..., ::-1], image)
        ids = np.array(Image.open(tmp_path / 'labels' / name))
        np.testing.assert_array_equal(label_of(dataset, index), table[ids])


def test_classes_are_those_of_cityscapes(tmp_path: Path) -> None:
    """Names and colours agree with mmseg's Cityscapes, so that the domains fit."""
    dataset = build(make_gta5(tmp_path, count=1))
    assert list(dataset.metainfo['classes']) == list(CityscapesDataset.METAINFO['classes'])
    assert dataset.metainfo['palette'] == CityscapesDataset.METAINFO['palette']


@pytest.mark.parametrize(
    ('classes', 'table', 'palette'),
    [
        (
            ('car', 'road', 'sky'),
            {26: 0, 7: 1, 23: 2},
            [[0, 0, 142], [128, 64, 128], [70, 130, 180]],
        ),
        (('bicycle', 'train'), {33: 0, 31: 1}, [[119, 11, 32], [0, 80, 100]]),
    ],
)
def test_class_subset(tmp_path: Path, classes: tuple, table: dict, palette: list) -> None:
    """metainfo=dict(classes=...): the new ids in the asked order, others ignored."""
    make_gta5(tmp_path, count=1)
    ids = np.resize(np.array([*range(35), 255], np.uint8), SIZE)
    save_label(tmp_path / 'labels/00001.png', ids, palette=True)
    dataset = build(tmp_path, metainfo=dict(classes=classes))
    expected = np.vectorize(lambda label: table.get(label, 255))(ids)
    np.testing.assert_array_equal(label_of(dataset, 0), expected)
    assert tuple(dataset.metainfo['classes']) == classes
    assert dataset.metainfo['palette'] == palette


def test_split_file(tmp_path: Path) -> None:
    """ann_file keeps the named images, in its order, relative to data_root."""
    make_gta5(tmp_path, count=4)
    (tmp_path / 'split.txt').write_text('00003\n00001\n')
    dataset = build(tmp_path, ann_file='split.txt')
    paths = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
    assert paths == [str(tmp_path / 'images' / f'{n}.png') for n in ('00003', '00001')]
    assert label_of(dataset, 1).shape == SIZE


def test_missing_split_file_is_named(tmp_path: Path) -> None:
    """A split file that does not exist stops with its path."""
    make_gta5(tmp_path, count=1)
    with pytest.raises((AssertionError, FileNotFoundError), match='nowhere.txt'):
        build(tmp_path, ann_file='nowhere.txt')


def test_empty_split_file(tmp_path: Path) -> None:
    """A split file without names leaves no image and says so."""
    make_gta5(tmp_path, count=1)
    (tmp_path / 'split.txt').write_text('')
    with pytest.raises(FileNotFoundError, match='no .png images'):
        build(tmp_path, ann_file='split.txt')


def test_works_as_validation_set(tmp_path: Path) -> None:
    """test_mode gives the same train ids, and the class list for the metric."""
    make_gta5(tmp_path)
    train, val = build(tmp_path), build(tmp_path, test_mode=True)
    assert len(val) == 3
    np.testing.assert_array_equal(label_of(val, 2), label_of(train, 2))
    assert len(val.metainfo['classes']) == 19


def test_other_folders(tmp_path: Path) -> None:
    """data_prefix names folders beside the standard ones."""
    make_gta5(tmp_path, count=2)
    (tmp_path / 'images').rename(tmp_path / 'pictures')
    prefix = dict(img_path='pictures', seg_map_path='labels')
    assert len(build(tmp_path, data_prefix=prefix)) == 2
