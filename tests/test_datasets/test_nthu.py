"""The four cities of NTHU."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmseg_maxsquare.data_files import BadFileError

from tests.helpers.tiny_data import (
    CLASSES_19,
    GTA5_IDS,
    LABEL_IDS,
    SIZE,
    TRAIN_IDS,
    build_dataset,
    label_of,
    make_nthu,
    names_of,
    save_image,
    save_label,
    train_pipeline,
)

UNLABELLED = train_pipeline(labels=False)


def cfg(city: str = 'Rome', split: str = 'Test') -> dict:
    """One city and split."""
    return dict(type='NTHUDataset', city=city, split=split)


@pytest.mark.parametrize('lists', [True, False])
@pytest.mark.parametrize('city', ['Rio', 'Rome', 'Taipei', 'Tokyo'])
def test_cities(tmp_path: Path, city: str, lists: bool) -> None:
    """Each its own folders; Train unlabelled, Test labelled, with and without lists."""
    make_nthu(tmp_path, lists=lists)
    train = build_dataset(tmp_path, cfg(city, 'Train'), UNLABELLED)
    test = build_dataset(tmp_path, cfg(city), test_mode=True)
    assert names_of(train) == [f'pano_0000{i}_2_180.jpg' for i in range(3)]
    assert names_of(test) == [f'pano_0010{i}_2_180.png' for i in range(2)]
    assert train[0]['data_samples'].img_path.startswith(f'{tmp_path}/{city}/Images/Train/')
    for index in range(2):
        name = f'pano_0010{index}_2_180'
        info = test.get_data_info(index)
        assert info['img_path'] == f'{tmp_path}/{city}/Images/Test/{name}.png'
        assert info['seg_map_path'] == f'{tmp_path}/{city}/Labels/Test/{name}_eval.png'
        ids = np.array(Image.open(info['seg_map_path']))
        kept = TRAIN_IDS[13]
        expected = [
            kept.index(LABEL_IDS[label]) if LABEL_IDS[label] in kept else 255
            for label in ids.flatten()
        ]
        np.testing.assert_array_equal(label_of(test, index).flatten(), expected)


@pytest.mark.parametrize('num_classes', [None, 13, 19])
def test_numbers_of_classes(tmp_path: Path, num_classes: int | None) -> None:
    """13 of its own; among the 19 the same pixels have Cityscapes' train ids."""
    make_nthu(tmp_path, cities=('Rome',))
    ids = np.resize(np.array([*range(35), 255], np.uint8), SIZE)
    save_label(tmp_path / 'Rome/Labels/Test/pano_00100_2_180_eval.png', ids)
    dataset = build_dataset(tmp_path, cfg(), num_classes=num_classes)
    kept = TRAIN_IDS[13]
    table = {
        label: 255 if train not in kept else train if num_classes == 19 else kept.index(train)
        for label, train in LABEL_IDS.items()
    }
    # Wall, fence, pole, terrain, truck and train are not labelled in NTHU.
    assert sum(train == 255 for train in table.values()) == 36 - 13
    np.testing.assert_array_equal(label_of(dataset), np.vectorize(table.get)(ids))
    names = CLASSES_19 if num_classes == 19 else [CLASSES_19[i] for i in kept]
    assert list(dataset.metainfo['classes']) == list(names)
    assert len(dataset.metainfo['palette']) == len(names)


def test_what_systems_leave_on_disks(tmp_path: Path) -> None:
    """Thumbnails of a NAS and deleted files are no images of a city without lists."""
    make_nthu(tmp_path, lists=False)
    folder = tmp_path / 'Rome/Images/Train'
    before = names_of(build_dataset(tmp_path, cfg(split='Train'), UNLABELLED))
    for name in ('@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg', '$RECYCLE.BIN/b.jpg', '__MACOSX/c.jpg'):
        save_image(folder / name, SIZE, np.random.default_rng(0))
    assert names_of(build_dataset(tmp_path, cfg(split='Train'), UNLABELLED)) == before


def test_jpg_and_png_in_one_folder(tmp_path: Path) -> None:
    """Whatever an image's ending, its label is NAME_eval.png."""
    make_nthu(tmp_path, cities=('Tokyo',), lists=False)
    rng = np.random.default_rng(0)
    for name in ('aaa.jpg', 'zzz.jpg', 'mmm.jpeg'):
        save_image(tmp_path / 'Tokyo/Images/Test' / name, SIZE, rng)
        label = Path(name).stem + '_eval.png'
        save_label(tmp_path / 'Tokyo/Labels/Test' / label, np.full(SIZE, 26, np.uint8))
    dataset = build_dataset(tmp_path, cfg('Tokyo'))
    assert names_of(dataset) == [
        'aaa.jpg', 'mmm.jpeg', 'pano_00100_2_180.png', 'pano_00101_2_180.png', 'zzz.jpg',
    ]  # fmt: skip
    assert [np.unique(label_of(dataset, i)).tolist() for i in (0, 1, 4)] == [[9]] * 3
    (tmp_path / 'list.txt').write_text('zzz\npano_00101_2_180\naaa.jpg\n')
    listed = build_dataset(tmp_path, cfg('Tokyo'), ann_file='list.txt')
    assert names_of(listed) == ['zzz.jpg', 'pano_00101_2_180.png', 'aaa.jpg']


@pytest.mark.parametrize(
    'line',
    [
        '{name}',
        '{name}.png',
        'Rome/{name}.png',
        'Rome/Images/Test/{name}.png',
        'Images/Test/{name}.png Labels/Test/{name}_eval.png',
        'Images/Test/{name}.png\tLabels/Test/{name}_eval.png',
    ],
)
@pytest.mark.parametrize('newline', ['\n', '\r\n'])
def test_spellings_of_lists(tmp_path: Path, line: str, newline: str) -> None:
    """The city's own list decides, and its order stays."""
    make_nthu(tmp_path, cities=('Rome',), test=3)
    names = [f'pano_0010{i}_2_180' for i in (2, 0)]
    text = newline.join(['', *(line.format(name=name) for name in names), ''])
    (tmp_path / 'Rome/List/test.txt').write_bytes(text.encode())
    dataset = build_dataset(tmp_path, cfg())
    assert names_of(dataset) == [f'{name}.png' for name in names]
    ids = np.array(Image.open(tmp_path / f'Rome/Labels/Test/{names[0]}_eval.png'))
    np.testing.assert_array_equal(label_of(dataset) == 9, ids == 26)  # car


def test_lists_of_a_city_are_its_own(tmp_path: Path) -> None:
    """The list of one split or city says nothing about another."""
    make_nthu(tmp_path, cities=('Rome', 'Rio'))
    (tmp_path / 'Rome/List/train.txt').write_text('pano_00001_2_180\n')
    assert len(build_dataset(tmp_path, cfg('Rome', 'Train'), UNLABELLED)) == 1
    assert len(build_dataset(tmp_path, cfg('Rio', 'Train'), UNLABELLED)) == 3
    assert len(build_dataset(tmp_path, cfg('Rome'), UNLABELLED)) == 2


def test_list_of_the_user_goes_first(tmp_path: Path) -> None:
    make_nthu(tmp_path, cities=('Rome',))
    (tmp_path / 'mine.txt').write_text('pano_00101_2_180\n')
    dataset = build_dataset(tmp_path, cfg(), ann_file='mine.txt')
    assert names_of(dataset) == ['pano_00101_2_180.png']


def test_listed_image_that_is_absent(tmp_path: Path) -> None:
    make_nthu(tmp_path, cities=('Rome',))
    (tmp_path / 'Rome/Images/Test/pano_00101_2_180.png').unlink()
    with pytest.raises(FileNotFoundError, match='lists 1 images') as error:
        build_dataset(tmp_path, cfg())
    assert f'{tmp_path}/Rome/List/test.txt' in str(error.value)
    assert 'lacks: pano_00101_2_180;' in str(error.value)


def test_list_without_a_name(tmp_path: Path) -> None:
    make_nthu(tmp_path, cities=('Rome',))
    (tmp_path / 'Rome/List/test.txt').write_text('\n')
    with pytest.raises(BadFileError, match=f'{tmp_path}/Rome/List/test.txt lists no image; write'):
        build_dataset(tmp_path, cfg())


@pytest.mark.parametrize('encoding', ['utf-16', 'utf-16-le', 'latin-1'])
def test_list_that_is_no_utf8(tmp_path: Path, encoding: str) -> None:
    make_nthu(tmp_path, cities=('Rome',))
    (tmp_path / 'Rome/List/test.txt').write_text('pano_ü\n', encoding=encoding)
    with pytest.raises(BadFileError, match='Rome/List/test.txt is not UTF-8 text; write one'):
        build_dataset(tmp_path, cfg())


@pytest.mark.parametrize('lists', [True, False])
@pytest.mark.parametrize('ending', ['.jpg', '.PNG'])
def test_images_that_share_a_label(tmp_path: Path, ending: str, lists: bool) -> None:
    """They would be scored twice."""
    make_nthu(tmp_path, cities=('Rome',), lists=lists)
    other = f'pano_00100_2_180{ending}'
    save_image(tmp_path / 'Rome/Images/Test' / other, SIZE, np.random.default_rng(0))
    with pytest.raises(BadFileError, match='1 images in .*Rome/Images/Test differ') as error:
        build_dataset(tmp_path, cfg())
    assert other in str(error.value) and 'pano_00100_2_180.png' in str(error.value)


def test_endings_in_capitals(tmp_path: Path) -> None:
    make_nthu(tmp_path, cities=('Rome',), lists=False)
    folder = tmp_path / 'Rome/Images/Test'
    (folder / 'pano_00100_2_180.png').rename(folder / 'pano_00100_2_180.PNG')
    dataset = build_dataset(tmp_path, cfg())
    assert names_of(dataset) == ['pano_00100_2_180.PNG', 'pano_00101_2_180.png']
    assert label_of(dataset).shape == SIZE


@pytest.mark.parametrize('city', ['Paris', 'rome', ''])
def test_other_cities(tmp_path: Path, city: str) -> None:
    with pytest.raises(ValueError, match=rf"'Rio', 'Rome', 'Taipei', 'Tokyo'.*got '{city}'"):
        build_dataset(make_nthu(tmp_path, cities=('Rome',)), cfg(city))


@pytest.mark.parametrize('split', ['train', 'val', 'Val'])
def test_other_splits(tmp_path: Path, split: str) -> None:
    with pytest.raises(ValueError, match=f"'Train' or 'Test', got '{split}'"):
        build_dataset(make_nthu(tmp_path, cities=('Rome',)), cfg('Rome', split))


def test_other_numbers_of_classes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='got 14'):
        build_dataset(make_nthu(tmp_path, cities=('Rome',)), cfg(), num_classes=14)


def test_train_has_no_labels_to_load(tmp_path: Path) -> None:
    """Asking for them is an error when the data set is built."""
    make_nthu(tmp_path, cities=('Rome',))
    with pytest.raises(FileNotFoundError, match='3 of 3 images have no label') as error:
        build_dataset(tmp_path, cfg('Rome', 'Train'))
    assert f'{tmp_path}/Rome/Labels/Train/pano_00000_2_180_eval.png' in str(error.value)
    assert 'Rome/Labels/Test/*_eval.png below data_root' in str(error.value)


def test_missing_city(tmp_path: Path) -> None:
    """An archive that was not unpacked."""
    make_nthu(tmp_path, cities=('Rome',))
    with pytest.raises(FileNotFoundError, match=f'{tmp_path}/Rio/Images/Train not found') as error:
        build_dataset(tmp_path, cfg('Rio', 'Train'), UNLABELLED)
    assert 'Rio/Images/Train/*.jpg (or .png)' in str(error.value)


def test_tiny_data_have_ids_of_other_classes() -> None:
    """Those that the 13 leave out are in the files, or the tests above would prove nothing."""
    assert {12, 13, 17, 22, 27, 31} < set(GTA5_IDS)
