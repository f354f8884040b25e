"""Kinds of image files, told from their headers; EXIF's orientations; label maps."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.datasets.load_image import LoadImage, read_photo
from mmseg_maxsquare.datasets.pixel_format import (
    ORIENTATION,
    decode,
    deep,
    looks_like_labels,
    read_header,
    upright,
)

from tests.helpers.tiny_data import write_huge

GREY, COLOUR, ALPHA = (6, 8), (6, 8, 3), (6, 8, 4)


@pytest.mark.parametrize(
    ('ending', 'shape', 'dtype', 'found'),
    [
        *((ending, COLOUR, np.uint8, None) for ending in ('png', 'jpg', 'bmp', 'tif')),
        *((ending, GREY, np.uint8, None) for ending in ('png', 'jpg', 'bmp', 'tif')),
        *((ending, COLOUR, np.uint16, '16-bit') for ending in ('png', 'tif')),
        *((ending, GREY, np.uint16, '16-bit greyscale') for ending in ('png', 'tif')),
        ('png', ALPHA, np.uint8, None),
        ('tif', GREY, np.float32, '32-bit greyscale'),
    ],
)
def test_kinds(ending: str, shape: tuple, dtype: type, found: str | None, tmp_path: Path) -> None:
    path = tmp_path / f'a.{ending}'
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    assert cv2.imwrite(str(path), pixels)
    header = read_header(path)
    assert deep(header) == found
    assert header.grey is (shape == GREY)
    assert header.lossless is (ending != 'jpg')


@pytest.mark.parametrize('mode', ['P', 'CMYK'])
def test_other_kinds_of_colour(mode: str, tmp_path: Path) -> None:
    path = tmp_path / ('a.png' if mode == 'P' else 'a.jpg')
    Image.new('RGB', (8, 6), (200, 10, 30)).convert(mode).save(path)
    header = read_header(path)
    assert (header.grey, header.palette, deep(header)) == (False, mode == 'P', None)


def test_what_pillow_does_not_know_is_left_to_the_decoder(tmp_path: Path) -> None:
    (tmp_path / 'a.png').write_bytes(b'something else')
    assert read_header(tmp_path / 'a.png').bits == 8


@pytest.mark.parametrize('ending', ['jpg', 'png', 'webp'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_upright_as_pillow_shows_it(orientation: int, ending: str, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, COLOUR, np.uint8)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / f'a.{ending}'
    Image.fromarray(pixels).save(path, exif=exif)
    assert read_header(path).orientation == orientation
    with Image.open(path) as image:
        stored, shown = np.array(image), np.array(ImageOps.exif_transpose(image))
    assert np.array_equal(upright(stored, orientation), shown)


def blocks(*shape: int, count: int = 4, cell: int = 16) -> np.ndarray:
    """Random values in square cells."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, count, (shape[0] // cell, shape[1] // cell, *shape[2:]), np.uint8)
    return coarse.repeat(cell, 0).repeat(cell, 1)


@pytest.mark.parametrize(
    ('image', 'found'),
    [
        (blocks(64, 96), True),
        (blocks(64, 96, 3, count=200), True),
        (np.zeros((64, 96), np.uint8), False),
        (np.random.default_rng(0).integers(0, 5, (64, 96), np.uint8), False),
        (np.tile(np.arange(256, dtype=np.uint8), (64, 1)), False),
        (np.zeros((1, 5), np.uint8), False),
    ],
)
def test_label_maps(image: np.ndarray, found: bool) -> None:
    """Few values in large areas; a noisy image, a gradient and a blank image are none."""
    assert looks_like_labels(image) is found


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    """OpenCV's own reader crashes on them."""
    path = tmp_path / os.fsdecode(b'caf\xe9.png')
    Image.fromarray(blocks(64, 96)).save(path)
    assert read_photo(path).shape == (64, 96, 3)


@pytest.mark.parametrize('ending', ['tif', 'jpg', 'png', 'webp'])
@pytest.mark.parametrize('orientation', [1, 3, 6, 8])
def test_one_reader_for_network_and_viewer(ending: str, orientation: int, tmp_path: Path) -> None:
    """Turned TIFFs, too, which OpenCV's ``imread`` refuses."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / f'a.{ending}'
    Image.fromarray(pixels).save(path, exif=exif.tobytes(), lossless=True)
    photo = read_photo(path)
    assert photo.shape == ((6, 8, 3) if orientation < 5 else (8, 6, 3))
    np.testing.assert_array_equal(LoadImage()(dict(img_path=str(path)))['img'][..., ::-1], photo)
    if ending != 'jpg':
        with Image.open(path) as image:
            np.testing.assert_array_equal(photo, np.array(ImageOps.exif_transpose(image)))


def test_too_many_pixels(tmp_path: Path) -> None:
    """Above 179 megapixels a file is named, whoever reads it."""
    path = write_huge(tmp_path / 'a.png')
    message = r'a\.png has more than 178 megapixels; cut it into smaller images'
    for read in (read_header, read_photo, lambda path: LoadImage()(dict(img_path=str(path)))):
        with pytest.raises(BadFileError, match=message):
            read(path)


@pytest.mark.parametrize('content', [b'', b'no image'])
def test_damaged(content: bytes, tmp_path: Path) -> None:
    (tmp_path / 'a.png').write_bytes(content)
    assert decode(tmp_path / 'a.png') is None
    with pytest.raises(BadFileError, match=rf'a\.png cannot be read \({len(content)} bytes\)'):
        read_photo(tmp_path / 'a.png')
