"""Kinds of image files, told from their headers."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_maxsquare.datasets.pixel_format import not_colour

GREY, COLOUR, ALPHA = (6, 8), (6, 8, 3), (6, 8, 4)


@pytest.mark.parametrize(
    ('ending', 'shape', 'dtype', 'found'),
    [
        *((ending, COLOUR, np.uint8, None) for ending in ('png', 'jpg', 'bmp', 'tif')),
        *((ending, GREY, np.uint8, 'greyscale') for ending in ('png', 'jpg', 'bmp', 'tif')),
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
    assert not_colour(path) == found
    assert not_colour(path, 'unchanged') is None
    admitted = not_colour(path, 'grayscale')
    assert admitted == (found.replace('greyscale', '').strip() or None if found else None)


@pytest.mark.parametrize('mode', ['P', 'CMYK'])
def test_other_kinds_of_colour(mode: str, tmp_path: Path) -> None:
    path = tmp_path / ('a.png' if mode == 'P' else 'a.jpg')
    Image.new('RGB', (8, 6), (200, 10, 30)).convert(mode).save(path)
    assert not_colour(path) is None


def test_what_pillow_does_not_know_is_left_to_the_decoder(tmp_path: Path) -> None:
    (tmp_path / 'a.png').write_bytes(b'something else')
    assert not_colour(tmp_path / 'a.png') is None
