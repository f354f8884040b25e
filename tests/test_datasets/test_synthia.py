"""SYNTHIA from its 16-bit label files."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_maxsquare.datasets import SYNTHIADataset
from mmseg_maxsquare.datasets.loading import look_up

from tests.helpers.tiny_data import (
    CLASSES_19,
    SIZE,
    SYNTHIA_TABLE,
    TRAIN_IDS,
    build_dataset,
    label_of,
    make_synthia,
    names_of,
    save_label,
    save_synthia_label,
    train_pipeline,
)

CFG = dict(type='SYNTHIADataset')
LABEL = 'GT/LABELS/0000000.png'
NUM_CLASSES = [16, 13, 19]


def expected_ids(num_classes: int) -> np.ndarray:
    """What the ids 0..22 become."""
    kept = TRAIN_IDS[num_classes]
    trains = [SYNTHIA_TABLE.get(label) for label in range(23)]
    return np.array([kept.index(train) if train in kept else 255 for train in trains])


@pytest.mark.parametrize('num_classes', [None, *NUM_CLASSES])
@pytest.mark.parametrize('alpha', [False, True])
def test_every_id_has_its_train_id(tmp_path: Path, num_classes: int | None, alpha: bool) -> None:
    """All of 0..22, whatever the other channels hold, with and without an alpha channel."""
    make_synthia(tmp_path, count=1)
    rng = np.random.default_rng(0)
    ids = np.resize(np.arange(23, dtype=np.uint16), SIZE)
    channels = [rng.integers(0, 65536, SIZE), rng.integers(0, 65536, SIZE), ids]
    channels += [np.full(SIZE, 65535)] * alpha
    cv2.imwrite(str(tmp_path / LABEL), np.stack(channels, -1).astype(np.uint16))
    expected = expected_ids(num_classes or 16)
    # All of the data set's 16 classes and, of the 19, terrain, truck and train.
    assert sorted({*expected} - {255}) == list(range(num_classes or 16))
    dataset = build_dataset(tmp_path, CFG, num_classes=num_classes)
    np.testing.assert_array_equal(label_of(dataset), expected[ids])


@pytest.mark.parametrize('num_classes', NUM_CLASSES)
def test_ignored_ids(num_classes: int) -> None:
    """0, 13, 14, 22 have no class at all; others fall away with the list of classes."""
    table = SYNTHIADataset.get_label_map([CLASSES_19[i] for i in TRAIN_IDS[num_classes]])
    assert list(table) == list(range(23))
    assert list(table.values()) == expected_ids(num_classes).tolist()
    assert sum(train == 255 for train in table.values()) == 23 - num_classes
    assert all(table[label] == 255 for label in (0, 13, 14, 22))


def test_every_other_value_is_unknown() -> None:
    """23..65535; none is mistaken for its lower eight bits."""
    table, accepted = SYNTHIADataset.get_label_map(), []
    value = np.empty((1, 1), np.uint16)
    for number in range(65536):
        value[:] = number
        try:
            look_up(value, table, LABEL)
        except ValueError as error:
            assert f'{LABEL} holds unknown ids [{number}];' in str(error)
        else:
            accepted.append(number)
    assert accepted == list(range(23))


@pytest.mark.parametrize('unknown', [[23], [254], [255], [256], [256 + 3], [3 * 256 + 10, 65535]])
def test_unknown_id_names_file_and_id(tmp_path: Path, unknown: list[int]) -> None:
    """Two pixels in a whole file, also where the lower eight bits are known."""
    make_synthia(tmp_path, count=1)
    ids = np.full(SIZE, 3, np.uint16)
    ids[5, 5], ids[20, 30] = unknown[0], unknown[-1]
    save_synthia_label(tmp_path / LABEL, ids)
    with pytest.raises(ValueError) as error:
        build_dataset(tmp_path, CFG)[0]
    assert f'{tmp_path / LABEL} holds unknown ids {unknown};' in str(error.value)


def test_red_is_the_class_and_not_blue(tmp_path: Path) -> None:
    """The trap: OpenCV's first channel is blue, and here it holds valid ids, too."""
    make_synthia(tmp_path, count=1)
    road, sky = np.full(SIZE, 3, np.uint16), np.full(SIZE, 1, np.uint16)
    save_synthia_label(tmp_path / LABEL, road, instances=8, blue=sky)
    assert np.unique(label_of(build_dataset(tmp_path, CFG))).tolist() == [0]
    save_synthia_label(tmp_path / LABEL, sky, instances=8, blue=road)
    assert np.unique(label_of(build_dataset(tmp_path, CFG))).tolist() == [9]


def test_instances_are_ignored(tmp_path: Path) -> None:
    """Any number up to 65535 in the second channel."""
    make_synthia(tmp_path, count=1)
    ids = np.resize(np.arange(23, dtype=np.uint16), SIZE)
    maps = []
    for instances in (0, 65535, np.random.default_rng(1).integers(0, 65536, SIZE)):
        save_synthia_label(tmp_path / LABEL, ids, instances)
        maps.append(label_of(build_dataset(tmp_path, CFG)))
    np.testing.assert_array_equal(maps[0], maps[1])
    np.testing.assert_array_equal(maps[0], maps[2])
    np.testing.assert_array_equal(maps[0], expected_ids(16)[ids])


def test_tiny_data_are_what_eight_bit_readers_lose(tmp_path: Path) -> None:
    """The test data have the real trap: Pillow sees nothing but 0 in the ids' channel."""
    make_synthia(tmp_path, count=1)
    bits = cv2.imread(str(tmp_path / LABEL), cv2.IMREAD_UNCHANGED)
    assert bits.dtype == np.uint16 and bits.shape == (*SIZE, 3)
    assert bits[..., 2].max() > 15 and bits[..., 1].max() > 60000
    assert np.array(Image.open(tmp_path / LABEL))[..., 0].max() == 0


@pytest.mark.parametrize(
    ('image', 'found'),
    [
        pytest.param(np.full((*SIZE, 3), 3, np.uint8), '3 channels of uint8', id='8-bit'),
        pytest.param(np.full((*SIZE, 4), 3, np.uint8), '4 channels of uint8', id='8-bit RGBA'),
        pytest.param(np.full(SIZE, 3, np.uint8), '1 channels of uint8', id='8-bit grey'),
        pytest.param(np.full(SIZE, 3, np.uint16), '1 channels of uint16', id='16-bit grey'),
    ],
)
def test_other_formats_are_refused(tmp_path: Path, image: np.ndarray, found: str) -> None:
    """A file that a picture editor has saved again is named with what it is."""
    make_synthia(tmp_path, count=1)
    cv2.imwrite(str(tmp_path / LABEL), image)
    with pytest.raises(ValueError, match='must be a 16-bit image with several') as error:
        build_dataset(tmp_path, CFG)[0]
    assert f'label file {tmp_path / LABEL} must' in str(error.value)
    assert f'got {found}; ' in str(error.value)
    eight_bits, single = image.dtype == np.uint8, image.ndim == 2
    assert ('an 8-bit program has probably rewritten it' in str(error.value)) is eight_bits
    assert ('the other channels are missing' in str(error.value)) is single


def test_palette_file_is_refused(tmp_path: Path) -> None:
    """Colours of the folder GT/COLOR, or GTA5's labels."""
    make_synthia(tmp_path, count=1)
    save_label(tmp_path / LABEL, np.full(SIZE, 3, np.uint8), palette=True)
    with pytest.raises(ValueError, match='channels of uint8'):
        build_dataset(tmp_path, CFG)[0]


def test_label_cut_anywhere_is_an_error_or_intact(tmp_path: Path) -> None:
    """OpenCV must not fill the rest of a broken file with id 0."""
    make_synthia(tmp_path, count=1)
    dataset, path = build_dataset(tmp_path, CFG), tmp_path / LABEL
    whole, content = label_of(dataset), path.read_bytes()
    intact = 0
    for length in (*range(0, len(content), 61), len(content) - 1):
        path.write_bytes(content[:length])
        try:
            label = label_of(dataset)
        except ValueError as error:
            assert f'label file {path} ' in str(error)
        else:
            np.testing.assert_array_equal(label, whole)
            intact += 1
    assert intact < 3


def test_label_of_another_size(tmp_path: Path) -> None:
    make_synthia(tmp_path, count=1)
    save_synthia_label(tmp_path / LABEL, np.zeros((20, 32), np.uint16))
    with pytest.raises(ValueError, match=r'size \(20, 32\).*image \(24, 32\)') as error:
        build_dataset(tmp_path, CFG)[0]
    assert str(tmp_path / LABEL) in str(error.value)


@pytest.mark.parametrize('wrapped', [False, True])
def test_stock_loaders_read_sixteen_bits(tmp_path: Path, wrapped: bool) -> None:
    """The pipeline names LoadAnnotations; wherever it is, it reads SYNTHIA's files."""
    make_synthia(tmp_path)
    pipeline = train_pipeline()
    if wrapped:
        pipeline = [dict(type='RandomChoice', transforms=[pipeline])]
    dataset = build_dataset(tmp_path, CFG, pipeline)
    for index in range(3):
        bits = cv2.imread(str(tmp_path / f'GT/LABELS/000000{index}.png'), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(label_of(dataset, index), expected_ids(16)[bits[..., 2]])


def test_names_and_folders(tmp_path: Path) -> None:
    """Seven digits; image and label of the same number."""
    dataset = build_dataset(make_synthia(tmp_path, count=11), CFG)
    assert names_of(dataset) == [f'{number:07d}.png' for number in range(11)]
    info = dataset.get_data_info(10)
    assert info['img_path'] == str(tmp_path / 'RGB/0000010.png')
    assert info['seg_map_path'] == str(tmp_path / 'GT/LABELS/0000010.png')


def test_missing_labels(tmp_path: Path) -> None:
    """The archive without GT/LABELS."""
    make_synthia(tmp_path)
    (tmp_path / 'GT').rename(tmp_path / 'gt')
    with pytest.raises(FileNotFoundError, match='3 of 3 images have no label') as error:
        build_dataset(tmp_path, CFG)
    assert 'RGB/0000000.png and GT/LABELS/0000000.png below data_root' in str(error.value)


def test_own_classes(tmp_path: Path) -> None:
    """16 in Cityscapes' order; any of the 19 may be asked for by name."""
    make_synthia(tmp_path, count=1)
    classes = build_dataset(tmp_path, CFG).metainfo['classes']
    assert list(classes) == [CLASSES_19[train] for train in TRAIN_IDS[16]]
    ids = np.resize(np.arange(23, dtype=np.uint16), SIZE)
    save_synthia_label(tmp_path / LABEL, ids)
    subset = build_dataset(tmp_path, CFG, metainfo=dict(classes=('sky', 'wall')))
    expected = np.full(23, 255)
    expected[[1, 21]] = 0, 1
    np.testing.assert_array_equal(label_of(subset), expected[ids])
    assert subset.metainfo['palette'] == [[70, 130, 180], [102, 102, 156]]
