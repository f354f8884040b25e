"""GTA5 from its original files."""

from pathlib import Path

import numpy as np
import pytest
from mmseg.datasets import CityscapesDataset
from PIL import Image

from mmseg_maxsquare.datasets import GTA5Dataset

from tests.helpers.tiny_data import (
    CLASSES_19,
    LABEL_IDS,
    SIZE,
    TRAIN_IDS,
    build_dataset,
    label_of,
    make_gta5,
    names_of,
    save_label,
)

CFG = dict(type='GTA5Dataset')
# Train id of the label ids 0, 1, ... 34, by hand from Cityscapes' table.
BY_HAND = [
    255, 255, 255, 255, 255, 255, 255,  # unlabeled ... ground
    0, 1, 255, 255,  # road, sidewalk, parking, rail track
    2, 3, 4, 255, 255, 255,  # building, wall, fence, guard rail, bridge, tunnel
    5, 255, 6, 7,  # pole, polegroup, traffic light, traffic sign
    8, 9, 10,  # vegetation, terrain, sky
    11, 12,  # person, rider
    13, 14, 15, 255, 255, 16, 17, 18,  # car, truck, bus, caravan, trailer, train, ... bicycle
    255,  # 34
]  # fmt: skip


@pytest.mark.parametrize('palette', [True, False])
@pytest.mark.parametrize('num_classes', [None, 19, 16, 13])
def test_every_id_has_its_train_id(tmp_path: Path, palette: bool, num_classes: int | None) -> None:
    """All of 0..34 and 255 in one file, as a palette and as a grey PNG, for all class lists."""
    make_gta5(tmp_path, count=1)
    ids = np.resize(np.array([*range(35), 255], np.uint8), SIZE)
    save_label(tmp_path / 'labels/00001.png', ids, palette)
    assert Image.open(tmp_path / 'labels/00001.png').mode == ('P' if palette else 'L')
    kept = TRAIN_IDS[num_classes or 19]
    expected = [kept.index(train) if train in kept else 255 for train in (*BY_HAND, 255)]
    assert sorted(expected)[: len(kept)] == list(range(len(kept)))
    dataset = build_dataset(tmp_path, CFG, num_classes=num_classes)
    np.testing.assert_array_equal(label_of(dataset), np.resize(expected, SIZE))


def test_table_has_no_other_id() -> None:
    """Known ids are 0..34 and 255."""
    assert {**dict(enumerate(BY_HAND)), 255: 255} == GTA5Dataset.get_label_map() == LABEL_IDS


def test_images_and_labels_belong_together(tmp_path: Path) -> None:
    """Items come in the order of the names, each with its own label, image as it is."""
    make_gta5(tmp_path, count=12)
    dataset = build_dataset(tmp_path, CFG)
    assert names_of(dataset) == [f'{number:05d}.png' for number in range(1, 13)]
    table = np.array([*BY_HAND, 255])
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
    dataset = build_dataset(make_gta5(tmp_path, count=1), CFG)
    assert tuple(dataset.metainfo['classes']) == CLASSES_19
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
    dataset = build_dataset(tmp_path, CFG, metainfo=dict(classes=classes))
    expected = np.vectorize(lambda label: table.get(label, 255))(ids)
    np.testing.assert_array_equal(label_of(dataset), expected)
    assert tuple(dataset.metainfo['classes']) == classes
    assert dataset.metainfo['palette'] == palette


@pytest.mark.parametrize(
    'lines',
    ['3\n1\n12\n', '00003\n00001\n00012\n', '00003.png\n00001.png\n00012.png\n', '3.png\n01\n0012'],
)
def test_spellings_of_split_files(tmp_path: Path, lines: str) -> None:
    """The lists of some codes leave the zeros out; the order stays."""
    make_gta5(tmp_path, count=12)
    (tmp_path / 'split.txt').write_text(lines)
    dataset = build_dataset(tmp_path, CFG, ann_file='split.txt')
    assert names_of(dataset) == ['00003.png', '00001.png', '00012.png']
    ids = np.array(Image.open(tmp_path / 'labels/00012.png'))
    np.testing.assert_array_equal(label_of(dataset, 2), np.array([*BY_HAND, 255])[ids])


def test_blank_lines_and_windows_line_ends(tmp_path: Path) -> None:
    make_gta5(tmp_path, count=3)
    (tmp_path / 'split.txt').write_bytes(b'\r\n2\r\n\r\n 00003.png \r\n\t\r\n')
    assert names_of(build_dataset(tmp_path, CFG, ann_file='split.txt')) == [
        '00002.png',
        '00003.png',
    ]


def test_listed_image_that_is_absent(tmp_path: Path) -> None:
    """The message has the list and the names as files have them."""
    make_gta5(tmp_path, count=3)
    (tmp_path / 'split.txt').write_text('2\n4\n24966\n')
    with pytest.raises(FileNotFoundError, match='lists 2 images') as error:
        build_dataset(tmp_path, CFG, ann_file='split.txt')
    assert f'{tmp_path}/split.txt' in str(error.value)
    assert f'{tmp_path}/images lacks: 4, 24966;' in str(error.value)


def test_empty_split_file(tmp_path: Path) -> None:
    """A split file without names is named."""
    make_gta5(tmp_path, count=1)
    (tmp_path / 'split.txt').write_text('')
    with pytest.raises(ValueError, match=f'{tmp_path}/split.txt lists no image; write one'):
        build_dataset(tmp_path, CFG, ann_file='split.txt')


def test_works_as_validation_set(tmp_path: Path) -> None:
    """test_mode gives the same train ids, and the class list for the metric."""
    make_gta5(tmp_path)
    train, val = build_dataset(tmp_path, CFG), build_dataset(tmp_path, CFG, test_mode=True)
    assert len(val) == 3
    np.testing.assert_array_equal(label_of(val, 2), label_of(train, 2))
    assert len(val.metainfo['classes']) == 19


def test_other_folders(tmp_path: Path) -> None:
    """data_prefix names folders beside the standard ones."""
    make_gta5(tmp_path, count=2)
    (tmp_path / 'images').rename(tmp_path / 'pictures')
    prefix = dict(img_path='pictures', seg_map_path='labels')
    assert len(build_dataset(tmp_path, CFG, data_prefix=prefix)) == 2
