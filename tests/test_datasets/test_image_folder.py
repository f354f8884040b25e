"""A plain folder of images as a target."""

from pathlib import Path

import numpy as np
import pytest
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_maxsquare.datasets import ImageFolderDataset

from tests.helpers.tiny_data import save_image, train_pipeline


def build(root: Path, **kwargs) -> ImageFolderDataset:
    """ImageFolderDataset with the plainest pipeline."""
    cfg = dict(type='ImageFolderDataset', data_root=str(root), serialize_data=False)
    return DATASETS.build({**cfg, 'pipeline': train_pipeline(labels=False), **kwargs})


def test_finds_images_in_subfolders(tmp_path: Path) -> None:
    """Every known suffix, any depth, sorted; other files are left alone."""
    rng = np.random.default_rng(0)
    names = ['a.png', 'b.JPG', 'c.jpeg', 'deep/er/d.bmp', 'deep/e.tif', 'f.tiff']
    for name in names:
        save_image(tmp_path / name, (6, 8), rng)
    (tmp_path / 'notes.txt').write_text('no image')
    (tmp_path / 'deep/png').write_text('no image')
    dataset = build(tmp_path)
    paths = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
    assert paths == sorted(str(tmp_path / name) for name in names)


def test_items_have_no_labels(tmp_path: Path) -> None:
    """An item is an image; there is no class list to disagree with."""
    path = save_image(tmp_path / 'a.png', (6, 8), np.random.default_rng(0))
    dataset = build(tmp_path)
    item = dataset[0]
    assert item['inputs'].shape == (3, 6, 8)
    assert 'gt_sem_seg' not in item['data_samples']
    assert item['data_samples'].img_path == str(path)
    assert dataset.metainfo.get('classes') is None


def test_follows_links(tmp_path: Path) -> None:
    """A linked folder is searched too."""
    save_image(tmp_path / 'disk/a.png', (6, 8), np.random.default_rng(0))
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/link').symlink_to(tmp_path / 'disk')
    assert len(build(tmp_path / 'data')) == 1


@pytest.mark.parametrize(
    ('exists', 'reason'), [(False, 'no such folder'), (True, r'no \.png.* in it')]
)
def test_missing_and_empty_folder(tmp_path: Path, exists: bool, reason: str) -> None:
    """Both are refused with the folder and the reason."""
    folder = tmp_path / 'target'
    if exists:
        folder.mkdir()
        (folder / 'readme.md').write_text('soon')
    with pytest.raises(FileNotFoundError, match=reason) as error:
        build(folder)
    assert str(folder) in str(error.value)


def test_folder_of_label_maps_alone(tmp_path: Path) -> None:
    """The error says that there were files."""
    for i, name in enumerate(('day/a.png', 'night/a.png')):
        label = np.full((24, 32, 3), i + 1, np.uint8)
        label[8:20] = 90
        save_pixels(tmp_path / name, label)
    with pytest.raises(FileNotFoundError, match='2 label maps and thumbnails are left out, such'):
        build(tmp_path)


def save_pixels(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir()
    Image.fromarray(pixels).save(path)


def test_hidden_files_are_skipped(tmp_path: Path) -> None:
    """What macOS leaves beside every file on a foreign disk."""
    save_image(tmp_path / 'a.png', (6, 8), np.random.default_rng(0))
    (tmp_path / '._a.png').write_bytes(b'\x00\x05\x16\x07')
    assert len(build(tmp_path)) == 1


@pytest.mark.parametrize('content', [b'', b'<html>404</html>'])
def test_what_is_no_image(tmp_path: Path, content: bytes) -> None:
    """The folder's images are loaded as strictly as those of any data set."""
    (tmp_path / 'a.jpg').write_bytes(content)
    with pytest.raises(ValueError, match=rf'image {tmp_path}/a.jpg cannot be read'):
        build(tmp_path)[0]


def test_pipeline_that_reads_labels(tmp_path: Path) -> None:
    """There are none, and nobody makes them up."""
    save_image(tmp_path / 'a.png', (6, 8), np.random.default_rng(0))
    with pytest.raises(KeyError, match='seg_map_path'):
        build(tmp_path, pipeline=train_pipeline())[0]
