"""CamVid in the layout of the SegNet tutorial."""

from pathlib import Path

import numpy as np
import pytest

from mmseg_maxsquare.datasets import CamVidDataset

from tests.helpers.tiny_data import (
    CAMVID_NAMES,
    SIZE,
    build_dataset,
    label_of,
    make_camvid,
    names_of,
    save_label,
)

CFG = dict(type='CamVidDataset')


def test_every_id_has_its_train_id(tmp_path: Path) -> None:
    """0..10 stay, 11 (unlabelled) and 255 are ignored."""
    make_camvid(tmp_path)
    ids = np.resize(np.array([*range(12), 255], np.uint8), SIZE)
    save_label(tmp_path / 'trainannot/0001TP_006690.png', ids)
    label = label_of(build_dataset(tmp_path, CFG))
    np.testing.assert_array_equal(label, np.resize([*range(11), 255, 255], SIZE))


@pytest.mark.parametrize('unknown', [12, 31, 254])
def test_id_behind_the_table(tmp_path: Path, unknown: int) -> None:
    """12 is the first id that CamVid does not have."""
    make_camvid(tmp_path)
    path = tmp_path / 'trainannot/0001TP_006690.png'
    save_label(path, np.full(SIZE, unknown, np.uint8))
    with pytest.raises(ValueError, match=rf'unknown ids \[{unknown}\]') as error:
        build_dataset(tmp_path, CFG)[0]
    assert str(path) in str(error.value)


def test_classes_and_palette() -> None:
    """11 names in the order of the label files, a distinct colour each."""
    meta = CamVidDataset.METAINFO
    assert meta['classes'] == (
        'sky', 'building', 'pole', 'road', 'pavement', 'tree',
        'sign', 'fence', 'car', 'pedestrian', 'bicyclist',
    )  # fmt: skip
    assert len({tuple(colour) for colour in meta['palette']}) == 11


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_splits(tmp_path: Path, split: str) -> None:
    """The standard split is train; data_prefix names another."""
    make_camvid(tmp_path)
    prefix = dict(img_path=split, seg_map_path=f'{split}annot')
    kwargs = {} if split == 'train' else dict(data_prefix=prefix, test_mode=True)
    dataset = build_dataset(tmp_path, CFG, **kwargs)
    assert names_of(dataset) == [f'{name}.png' for name in sorted(CAMVID_NAMES[split])]
    assert label_of(dataset).shape == SIZE


@pytest.mark.parametrize(
    ('drives', 'expected'),
    [
        (('0001TP',), ['0001TP_006690', '0001TP_006720']),
        (
            ['0016E5', '0006R0'],
            ['0006R0_f00930', '0006R0_f00960', '0016E5_00390', '0016E5_00420'],
        ),
    ],
)
def test_drives(tmp_path: Path, drives: object, expected: list[str]) -> None:
    """Only the drives asked for stay, in the order of the names."""
    dataset = build_dataset(make_camvid(tmp_path), CFG, drives=drives)
    assert names_of(dataset) == [f'{name}.png' for name in expected]
    label = dataset.get_data_info(0)['seg_map_path']
    assert label == str(tmp_path / 'trainannot' / f'{expected[0]}.png')


def test_drive_without_image(tmp_path: Path) -> None:
    """A drive that the split lacks is refused with those that it has."""
    make_camvid(tmp_path)
    with pytest.raises(ValueError, match=r"\['0009ZZ'\]") as error:
        build_dataset(tmp_path, CFG, drives=('0001TP', '0009ZZ'))
    assert str(tmp_path / 'train') in str(error.value)
    assert "['0001TP', '0006R0', '0016E5']" in str(error.value)


def test_drive_is_the_whole_prefix(tmp_path: Path) -> None:
    """A drive whose name begins like another's is not taken along."""
    make_camvid(tmp_path)
    source = tmp_path / 'train/0001TP_006690.png'
    (tmp_path / 'train/0001TPX_000001.png').write_bytes(source.read_bytes())
    assert len(build_dataset(tmp_path, CFG, drives=('0001TP',))) == 2


def test_drives_of_a_list(tmp_path: Path) -> None:
    """Both choices hold: the list's order, the drives' names."""
    make_camvid(tmp_path)
    (tmp_path / 'list.txt').write_text('0016E5_00420\n0001TP_006720.png\n0016E5_00390.png\n')
    dataset = build_dataset(tmp_path, CFG, ann_file='list.txt', drives=('0016E5',))
    assert names_of(dataset) == ['0016E5_00420.png', '0016E5_00390.png']
    with pytest.raises(ValueError, match=r"\['0006R0'\]"):
        build_dataset(tmp_path, CFG, ann_file='list.txt', drives=('0006R0',))


def test_class_subset(tmp_path: Path) -> None:
    """Subset in another order: labels and colours follow."""
    make_camvid(tmp_path)
    ids = np.resize(np.arange(12, dtype=np.uint8), SIZE)
    save_label(tmp_path / 'trainannot/0001TP_006690.png', ids)
    dataset = build_dataset(tmp_path, CFG, metainfo=dict(classes=['car', 'sky']))
    label = label_of(dataset)
    expected = np.full(12, 255)
    expected[[8, 0]] = 0, 1
    np.testing.assert_array_equal(label, np.resize(expected, SIZE))
    assert dataset.metainfo['palette'] == [[64, 0, 128], [128, 128, 128]]
