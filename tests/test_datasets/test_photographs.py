"""The photographs below a folder, and what is left out."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_maxsquare.data_files import list_files
from mmseg_maxsquare.datasets.photographs import photographs_below

SIZE = (48, 64)


def photograph(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), np.uint8)
    cv2.imwrite(str(path), pixels)


def label_map(path: Path, colours: int = 0, size: tuple[int, int] = SIZE) -> None:
    """Ids in large areas: a single channel, or colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = np.zeros(SIZE, np.uint8)
    ids[10:30, 12:40] = 3
    ids[35:, 20:50] = 7
    ids = cv2.resize(ids, size[::-1], interpolation=cv2.INTER_NEAREST)
    Image.fromarray(ids if not colours else np.stack([ids * 9, ids * 5, ids], -1)).save(path)


def found(root: Path) -> tuple[list[str], list[str]]:
    return tuple([os.path.relpath(path, root) for path in part] for part in photographs_below(root))


@pytest.mark.parametrize(
    'stray',
    [
        '.ipynb_checkpoints/a-checkpoint.png', '__MACOSX/a.png', '@eaDir/a.jpg/S.jpg',
        '$RECYCLE.BIN/a.png', 'Thumbnails/a.png', '.thumbnails/a.png', '.Trash-1000/files/a.png',
        '#recycle/a.png', 'deep/.cache/a.png', '._a.png', '~$a.png', '@Recently-Snapshot/a.png',
        'RECYCLER/a.png', 'Network Trash Folder/a.png', 'found.000/a.png', 'LOST.DIR/a.png',
        '_vti_cnf/a.png', 'small_thumbs/a.png', 'My.photoslibrary/resources/derivatives/a.png',
        'Android/data/com.camera/cache/a.png',
    ],
)  # fmt: skip
def test_strays(stray: str, tmp_path: Path) -> None:
    photograph(tmp_path / 'a.png')
    photograph(tmp_path / stray, seed=1)
    assert found(tmp_path) == (['a.png'], [])
    assert list_files(str(tmp_path), '.png') == ['a.png']


def test_folders_that_only_sound_like_strays(tmp_path: Path) -> None:
    for i, name in enumerate(('resources/derivatives/a.png', 'data/cam/cache/b.png')):
        photograph(tmp_path / name, i)
    assert found(tmp_path)[0] == ['data/cam/cache/b.png', 'resources/derivatives/a.png']


@pytest.mark.parametrize('thumbnail', ['a-150x150.jpg', 'a_thumb.jpg', 'a.thumbnail.png'])
def test_thumbnails_beside_photographs(thumbnail: str, tmp_path: Path) -> None:
    for i, name in enumerate(('a.jpg', thumbnail, 'b-150x150.jpg')):
        photograph(tmp_path / name, i)
    assert found(tmp_path) == (['a.jpg', 'b-150x150.jpg'], [thumbnail])


@pytest.mark.parametrize('colours', [0, 1])
@pytest.mark.parametrize(
    'mask',
    ['{}.png', '{}_mask.png', '{}_L.png', '{}-label.png', '{}.seg.png', 'masks/{}.png',
     'SegmentationClass/{}.png'],
)  # fmt: skip
def test_label_maps_beside_photographs(mask: str, colours: int, tmp_path: Path) -> None:
    for i, name in enumerate(('one', 'two', 'three')):
        photograph(tmp_path / f'{name}.jpg', i)
        label_map(tmp_path / mask.format(name), colours)
    images, labels = found(tmp_path)
    assert images == ['one.jpg', 'three.jpg', 'two.jpg']
    assert sorted(labels) == sorted(mask.format(name) for name in ('one', 'two', 'three'))


@pytest.mark.parametrize(
    ('image', 'mask', 'colours'),
    [
        ('images/{}.jpg', 'masks/{}.jpg', 0),
        ('images/{}.jpg', 'masks/{}.jpg', 1),
        ('701_StillsRaw_full/{}.png', 'LabeledApproved_full/{}_L.png', 1),
        ('leftImg8bit/a/{}_leftImg8bit.png', 'gtFine/a/{}_gtFine_color.png', 1),
        ('train/{}.jpg', 'train_masks/{}_mask.png', 0),
        ('{}_sat.jpg', '{}_mask.png', 1),
        ('ds/img/{}.jpg', 'ds/masks_human/{}.jpg.png', 1),
        ('images/{}.jpg', 'out/task-{}-annotation-1-tag-road-0.png', 0),
    ],
)
def test_label_maps_of_published_layouts(
    image: str, mask: str, colours: int, tmp_path: Path
) -> None:
    names = ('one', 'three', 'two')
    for i, name in enumerate(names):
        photograph(tmp_path / image.format(name), i)
        label_map(tmp_path / mask.format(name), colours, size=(192, 256))
    expected = [image.format(name) for name in names], [mask.format(name) for name in names]
    assert found(tmp_path) == expected


def test_label_map_of_one_colour_among_others(tmp_path: Path) -> None:
    """It says nothing, and goes with the others."""
    for i, name in enumerate(('one', 'three', 'two')):
        photograph(tmp_path / f'{name}.jpg', i)
        label_map(tmp_path / f'{name}_mask.png', 1)
    Image.new('RGB', SIZE[::-1]).save(tmp_path / 'one_mask.png')
    assert found(tmp_path)[0] == ['one.jpg', 'three.jpg', 'two.jpg']


def test_overlays_of_labelme(tmp_path: Path) -> None:
    for i, folder in enumerate(('JPEGImages', 'SegmentationClassVisualization')):
        photograph(tmp_path / folder / 'a.jpg', i)
    assert found(tmp_path)[0] == ['JPEGImages/a.jpg']


def dark(path: Path, seed: int) -> None:
    """A photograph by night as a poor JPEG: black, and a few smooth lights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    pixels = cv2.resize(rng.random((12, 16, 3)), (256, 192), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), np.clip(pixels**6 * 255, 0, 255).astype(np.uint8), [1, 40])


def test_days_and_nights_stay(tmp_path: Path) -> None:
    for i in range(4):
        photograph(tmp_path / f'day/{i}.jpg', i)
        dark(tmp_path / f'night/{i}.jpg', i)
    assert found(tmp_path)[1] == []


def test_photographs_with_such_names_stay(tmp_path: Path) -> None:
    """A burst, two days, two formats: nothing but photographs."""
    names = ['a.jpg', 'a_1.png', 'a_mask.png', 'a.png', 'day/a.png', 'night/a.png']
    for i, name in enumerate(names):
        photograph(tmp_path / name, i)
    assert found(tmp_path) == (sorted(names), [])


def test_links(tmp_path: Path) -> None:
    """To another disk they are followed; back into the tree, or around it, they are not."""
    root = tmp_path / 'photos'
    photograph(root / 'a.png')
    photograph(tmp_path / 'disk/b.png', 1)
    (root / 'disk').symlink_to(tmp_path / 'disk')
    (root / 'again').symlink_to(root)
    (root / 'around').symlink_to(tmp_path)
    (root / 'twin.png').symlink_to(root / 'a.png')
    assert found(root) == (['a.png', 'disk/b.png'], [])
    assert list_files(str(root), '.png') == ['a.png', 'disk/b.png', 'twin.png']


def test_circle_in_a_linked_folder(tmp_path: Path) -> None:
    """A link may lead back to any folder on the way, or around it."""
    root, other = tmp_path / 'photos', tmp_path / 'other'
    photograph(root / 'a.png')
    photograph(other / 'day/b.png', 1)
    (root / 'session').symlink_to(other)
    (other / 'latest').symlink_to(other)
    (other / 'day/up').symlink_to(root)
    (other / 'top').symlink_to(tmp_path)
    assert found(root) == (['a.png', 'session/day/b.png'], [])
    assert list_files(str(root), '.png') == ['a.png', 'session/day/b.png']


def test_another_program_s_predictions_say_nothing(tmp_path: Path) -> None:
    """Only a record of the command predict tells that images are its outputs."""
    rng = np.random.default_rng(0)
    (tmp_path / 'a').mkdir()
    photo = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'a/1.png'), photo)
    for text in ('[{"image_id": 1}]', '{"images": [], "annotations": []}', 'no json'):
        (tmp_path / 'predictions.json').write_text(text)
        assert photographs_below(str(tmp_path)) == ([str(tmp_path / 'a/1.png')], [])
    keys = dict.fromkeys(['images', 'checkpoint', 'classes', 'palette', 'files'])
    (tmp_path / 'predictions.json').write_text(json.dumps(keys))
    assert photographs_below(str(tmp_path)) == ([], [str(tmp_path / 'a/1.png')])
