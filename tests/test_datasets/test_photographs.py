"""The photographs below a folder, and what is left out."""

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


def label_map(path: Path, colours: int = 0) -> None:
    """Ids in large areas: a single channel, or colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = np.zeros(SIZE, np.uint8)
    ids[10:30, 12:40] = 3
    ids[35:, 20:50] = 7
    Image.fromarray(ids if not colours else np.stack([ids * 9, ids * 5, ids], -1)).save(path)


def found(root: Path) -> tuple[list[str], list[str]]:
    return tuple([os.path.relpath(path, root) for path in part] for part in photographs_below(root))


@pytest.mark.parametrize(
    'stray',
    [
        '.ipynb_checkpoints/a-checkpoint.png', '__MACOSX/a.png', '@eaDir/a.jpg/S.jpg',
        '$RECYCLE.BIN/a.png', 'Thumbnails/a.png', '.thumbnails/a.png', '.Trash-1000/files/a.png',
        '#recycle/a.png', 'deep/.cache/a.png', '._a.png',
    ],
)  # fmt: skip
def test_strays(stray: str, tmp_path: Path) -> None:
    photograph(tmp_path / 'a.png')
    photograph(tmp_path / stray, seed=1)
    assert found(tmp_path) == (['a.png'], [])


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
