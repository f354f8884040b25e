"""Which files a data set takes, and its classes and colours."""

from pathlib import Path

import numpy as np
import pytest

from mmseg_maxsquare.datasets import CamVidDataset, GTA5Dataset, LabelIdDataset
from mmseg_maxsquare.datasets.label_ids import list_files

from tests.helpers.tiny_data import (
    FORMATS,
    Format,
    build_dataset,
    label_of,
    names_of,
    train_pipeline,
    write_ids,
)

LAYOUTS = {
    'gta5': 'images/00001.png and labels/00001.png',
    'cityscapes labelIds': 'leftImg8bit/SPLIT/CITY/*_leftImg8bit.png and gtFine/SPLIT/CITY/',
    'cityscapes labelTrainIds': 'leftImg8bit/SPLIT/CITY/*_leftImg8bit.png and gtFine/SPLIT/CITY/',
    'nthu': 'Rome/Images/Test/*.jpg (or .png), Rome/Labels/Test/*_eval.png',
    'camvid': 'train/*.png and trainannot/*.png',
}


@pytest.fixture(params=FORMATS)
def kind(request: pytest.FixtureRequest) -> str:
    """Name of a data set with 8-bit labels."""
    return request.param


@pytest.fixture
def layout(kind: str, tmp_path: Path) -> Format:
    """The data set, written into ``tmp_path``."""
    FORMATS[kind].make(tmp_path)
    return FORMATS[kind]


def drop(path: Path, copies: tuple[str, ...]) -> None:
    """Put copies of a file beside it."""
    for name in copies:
        (path.parent / name).write_bytes(path.read_bytes())


def test_missing_label_is_found_when_the_data_set_is_built(
    tmp_path: Path, kind: str, layout: Format
) -> None:
    """Not after hours of training; the message counts, names and says where it looked."""
    total = len(build_dataset(tmp_path, layout.cfg))
    (tmp_path / layout.label).unlink()
    with pytest.raises(FileNotFoundError, match=f'1 of {total} images have no label') as error:
        build_dataset(tmp_path, layout.cfg)
    assert str(tmp_path / layout.label) in str(error.value)
    assert LAYOUTS[kind] in str(error.value)
    assert f'data_root ({tmp_path})' in str(error.value)


def test_three_missing_labels_are_named(tmp_path: Path) -> None:
    FORMATS['gta5'].make(tmp_path)
    drop(tmp_path / 'images/00001.png', ('00007.png', '00008.png', '00009.png', '00010.png'))
    with pytest.raises(FileNotFoundError, match='4 of 7 images') as error:
        build_dataset(tmp_path, FORMATS['gta5'].cfg)
    for number, named in ((7, True), (8, True), (9, True), (10, False)):
        assert (f'labels/{number:05d}.png' in str(error.value)) is named
    assert '00009.png, ...;' in str(error.value)


def test_labels_that_nobody_reads_may_be_missing(tmp_path: Path, layout: Format) -> None:
    """An unlabelled target of the same kind."""
    (tmp_path / layout.label).unlink()
    dataset = build_dataset(tmp_path, layout.cfg, train_pipeline(labels=False))
    assert dataset[0]['inputs'].shape == (3, 24, 32)
    assert dataset[0]['data_samples'].img_path == str(tmp_path / layout.image)


def test_label_folder_that_nobody_named(tmp_path: Path) -> None:
    """Reading labels takes a folder for them."""
    FORMATS['gta5'].make(tmp_path)
    prefix = dict(img_path='images')
    with pytest.raises(FileNotFoundError, match='data_prefix has no seg_map_path'):
        build_dataset(tmp_path, FORMATS['gta5'].cfg, data_prefix=prefix)
    dataset = build_dataset(
        tmp_path, FORMATS['gta5'].cfg, train_pipeline(labels=False), data_prefix=prefix
    )
    assert names_of(dataset) == ['00001.png', '00002.png', '00003.png']


def test_hidden_files_are_skipped(tmp_path: Path, layout: Format) -> None:
    """What macOS and editors leave: no images, and no labels that complete a copy."""
    before = names_of(build_dataset(tmp_path, layout.cfg))
    image, label = tmp_path / layout.image, tmp_path / layout.label
    (image.parent / f'._{image.name}').write_bytes(b'\x00\x05\x16\x07')
    (label.parent / f'._{label.name}').write_bytes(b'\x00\x05\x16\x07')
    assert names_of(build_dataset(tmp_path, layout.cfg)) == before
    label.unlink()
    with pytest.raises(FileNotFoundError, match='1 of'):
        build_dataset(tmp_path, layout.cfg)


def test_other_files_are_skipped(tmp_path: Path, layout: Format) -> None:
    """Thumbnails, archives, notes, and names that only begin like images."""
    before = names_of(build_dataset(tmp_path, layout.cfg))
    folder = (tmp_path / layout.image).parent
    for name in ('Thumbs.db', 'notes.txt', '00001.png.part', '00001_png', 'images.zip'):
        (folder / name).write_text('no image')
    assert names_of(build_dataset(tmp_path, layout.cfg)) == before


def test_list_files(tmp_path: Path) -> None:
    """Relative, sorted, of any depth, also behind links; one ending or several."""
    names = ('b.png', 'a.jpg', 'z/1.png', 'y/x/2.png', '.c.png', 'd.PNG', 'y/.e.jpg')
    for name in names:
        (tmp_path / 'data' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'data' / name).touch()
    (tmp_path / 'link').symlink_to(tmp_path / 'data')
    for folder in ('data', 'link'):
        assert list_files(str(tmp_path / folder), '.png') == ['b.png', 'y/x/2.png', 'z/1.png']
        assert list_files(str(tmp_path / folder), ('.jpg', '.png'))[0] == 'a.jpg'
    (tmp_path / 'more').mkdir()
    (tmp_path / 'more/disk').symlink_to(tmp_path / 'data')
    assert list_files(str(tmp_path / 'more'), '.jpg') == ['disk/a.jpg']
    assert list_files(str(tmp_path / 'nowhere'), '.png') == []


def test_missing_folder_and_folder_without_images(tmp_path: Path, kind: str) -> None:
    """Both errors name class, image folder and the expected layout."""
    layout = FORMATS[kind]
    images = tmp_path / layout.image
    # Cityscapes' images lie in folders of cities.
    images = images.parents[1] if 'frankfurt' in layout.image else images.parent
    name = layout.cfg['type']
    with pytest.raises(FileNotFoundError, match=f'{name}: image folder {images} not') as error:
        build_dataset(tmp_path, layout.cfg)
    assert LAYOUTS[kind] in str(error.value)
    images.mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match=f'{name}: no .* images in {images}') as error:
        build_dataset(tmp_path, layout.cfg)
    assert LAYOUTS[kind] in str(error.value)


@pytest.mark.parametrize('ending', [True, False])
@pytest.mark.parametrize('newline', ['\n', '\r\n'])
def test_list_of_images(tmp_path: Path, layout: Format, ending: bool, newline: str) -> None:
    """ann_file: its names in its order, with or without ending, blank lines and CRLF."""
    images = names_of(build_dataset(tmp_path, layout.cfg))[::-1]
    city = 'frankfurt/' if 'frankfurt' in layout.image else ''
    lines = [city + (name if ending else name.removesuffix('.png')) for name in images]
    # Cityscapes' endings are longer than '.png'.
    lines = [line if ending else line.removesuffix('_leftImg8bit') for line in lines]
    text = newline.join(['', *lines[:1], '', '  ', *lines[1:], ''])
    (tmp_path / 'list.txt').write_bytes(text.encode())
    dataset = build_dataset(tmp_path, layout.cfg, ann_file='list.txt')
    assert len(images) >= 2
    assert names_of(dataset) == images
    assert label_of(dataset, len(images) - 1).shape == (24, 32)


def test_listed_image_that_is_absent(tmp_path: Path, layout: Format) -> None:
    """Named with the list: half a download is not trained on in silence."""
    (tmp_path / 'list.txt').write_text('90001\n90002\n90003\n90004\n')
    with pytest.raises(FileNotFoundError, match='lists 4 images that') as error:
        build_dataset(tmp_path, layout.cfg, ann_file='list.txt')
    assert str(tmp_path / 'list.txt') in str(error.value)
    assert 'lacks: 90001, 90002, 90003, ...;' in str(error.value)


def test_list_that_is_absent(tmp_path: Path, layout: Format) -> None:
    with pytest.raises(FileNotFoundError, match=f'no list of images {tmp_path}/nowhere.txt'):
        build_dataset(tmp_path, layout.cfg, ann_file='nowhere.txt')


def test_label_of_an_unlisted_image_may_be_missing(tmp_path: Path) -> None:
    """The way out that the messages name."""
    gta5 = FORMATS['gta5']
    gta5.make(tmp_path)
    (tmp_path / gta5.label).unlink()
    (tmp_path / 'list.txt').write_text('00002\n00003\n')
    dataset = build_dataset(tmp_path, gta5.cfg, ann_file=str(tmp_path / 'list.txt'))
    assert names_of(dataset) == ['00002.png', '00003.png']


@pytest.mark.parametrize('cls', [GTA5Dataset, CamVidDataset])
def test_permuted_classes_take_their_colours_along(tmp_path: Path, cls: type) -> None:
    """All classes in another order: labels and palette follow, as for a true subset."""
    layout = FORMATS['gta5' if cls is GTA5Dataset else 'camvid']
    layout.make(tmp_path)
    names, colours = cls.METAINFO['classes'], cls.METAINFO['palette']
    dataset = build_dataset(tmp_path, layout.cfg, metainfo=dict(classes=names[::-1]))
    assert dataset.metainfo['palette'] == colours[::-1]
    known = next(label for label, train in layout.table.items() if train == 3)
    write_ids(tmp_path / layout.label, known)
    assert np.unique(label_of(dataset)).tolist() == [len(names) - 1 - 3]


def test_palette_of_the_user_stays(tmp_path: Path, layout: Format) -> None:
    """A palette given with the subset is not replaced."""
    meta = dict(classes=('car', 'building'), palette=[[1, 2, 3], [4, 5, 6]])
    dataset = build_dataset(tmp_path, layout.cfg, metainfo=meta)
    assert dataset.metainfo['palette'] == [[1, 2, 3], [4, 5, 6]]


def test_unknown_class_is_refused(tmp_path: Path, kind: str, layout: Format) -> None:
    """A class that the data set lacks cannot be asked for."""
    names = 'sky' if kind == 'camvid' else 'road'
    with pytest.raises(ValueError, match=rf"no classes \['tram'\]; available: \['{names}'"):
        build_dataset(tmp_path, layout.cfg, metainfo=dict(classes=('car', 'tram')))


def test_a_data_set_of_ones_own(tmp_path: Path) -> None:
    """What a subclass has to say: classes, colours, a table and the layout."""

    class Own(LabelIdDataset):
        METAINFO = dict(classes=('a', 'b'), palette=[[1, 1, 1], [2, 2, 2]])
        LABEL_IDS = {10: 'a', 20: 'b', 30: None}
        LAYOUT = 'photos/*.png and masks/*.png'

    FORMATS['gta5'].make(tmp_path)
    write_ids(tmp_path / 'labels/00001.png', 10, 20, 30)
    kwargs = dict(
        data_root=str(tmp_path),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        pipeline=train_pipeline(),
    )
    assert label_of(Own(**kwargs))[0, :4].tolist() == [0, 1, 255, 0]
    subset = Own(**kwargs, metainfo=dict(classes=['b']))
    assert label_of(subset)[0, :4].tolist() == [255, 0, 255, 255]
    assert subset.metainfo['palette'] == [[2, 2, 2]]
