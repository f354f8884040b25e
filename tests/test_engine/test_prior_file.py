"""The file of the spatial prior: counted as a slow second implementation does, and checked."""

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.engine.prior_file import source_prior, stored_prior

CLASSES = ['road', 'sky', 'train']


class Labels:
    """Labels as a data set has them."""

    def __init__(self, maps: list[np.ndarray]) -> None:
        self.maps = maps

    def __len__(self) -> int:
        return len(self.maps)

    def get_data_info(self, index: int) -> dict:
        return dict(img_path=f'{index}.png')

    def __getitem__(self, index: int) -> dict:
        sample = SegDataSample()
        sample.gt_sem_seg = PixelData(data=torch.from_numpy(self.maps[index])[None].long())
        return dict(data_samples=sample)


@pytest.fixture
def labels() -> Labels:
    """Sky above, road below, ignored pixels, no train; one map of another size."""
    rng = np.random.default_rng(0)
    maps = []
    for height, width in ((24, 32), (24, 32), (48, 64)):
        horizon = rng.integers(height // 3, height // 2)
        label = np.full((height, width), 0, np.uint8)
        label[:horizon] = 1
        label[rng.random((height, width)) < 0.1] = 255
        maps.append(label)
    return Labels(maps)


def test_slow_second_implementation(labels: Labels, tmp_path: Path) -> None:
    """Shares of every cell by loops, a kernel made by hand, edges mirrored as by OpenCV."""
    width = 11  # OpenCV has kernels of its own up to 9
    found = source_prior(labels, CLASSES, width, tmp_path)
    counts = np.zeros((3, 24, 32))
    for label in labels.maps:
        side = label.shape[0] // 24
        for i in range(24):
            for j in range(32):
                cell = label[i * side : (i + 1) * side, j * side : (j + 1) * side]
                for c in range(3):
                    counts[c, i, j] += (cell == c).mean()
    sigma = 0.3 * ((width - 1) * 0.5 - 1) + 0.8  # OpenCV's for that width
    offsets = np.arange(width) - width // 2
    kernel = np.exp(-(offsets**2) / (2 * sigma**2))
    kernel /= kernel.sum()
    expected = np.empty((3, 24, 32))
    for c in range(3):
        padded = np.pad(counts[c], width // 2, mode='reflect')
        for i in range(24):
            for j in range(32):
                window = padded[i : i + width, j : j + width]
                expected[c, i, j] = (window * np.outer(kernel, kernel)).sum()
        total = expected[c].sum()
        expected[c] = expected[c] / total if total else 1 / (24 * 32)
    np.testing.assert_allclose(found, expected, atol=1e-7)
    again = stored_prior(labels, CLASSES, width, tmp_path)
    np.testing.assert_array_equal(again, found)
    assert cv2.imread(str(tmp_path / 'prior.png')).shape == (256, 512, 3)


def replace(folder: Path, **changes) -> None:
    """Write another prior.npz with some arrays changed."""
    with np.load(folder / 'prior.npz') as file:
        arrays = {**dict(file), **changes}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    (folder / 'prior.npz').write_bytes(buffer.getvalue())


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda p: p[:, :3, :2], r'shape \(3, 3, 2\), expected \(3, 24, 32\)'),
        (lambda p: p[:2], r'shape \(2, 24, 32\), expected \(3, 24, 32\)'),
        (lambda p: p * np.nan, 'numbers that are no frequencies'),
        (lambda p: -p, 'numbers that are no frequencies'),
        (lambda p: 2 * p, 'numbers that are no frequencies'),
    ],
)
def test_another_prior(change, message: str, labels: Labels, tmp_path: Path) -> None:
    prior = source_prior(labels, CLASSES, 7, tmp_path)
    replace(tmp_path, prior=change(prior))
    with pytest.raises(BadFileError, match=rf'prior.npz: found {message}.*move it away'):
        stored_prior(labels, CLASSES, 7, tmp_path)


def test_of_other_classes_width_or_images(labels: Labels, tmp_path: Path) -> None:
    source_prior(labels, CLASSES, 7, tmp_path)
    names = r"found classes \['road', 'sky', 'train'\], expected \['road', 'sky', 'bus'\]"
    with pytest.raises(BadFileError, match=names):
        source_prior(labels, ['road', 'sky', 'bus'], 7, tmp_path)
    with pytest.raises(BadFileError, match='found width 7, expected 9'):
        source_prior(labels, CLASSES, 9, tmp_path)
    with pytest.raises(BadFileError, match='found images '):
        source_prior(Labels(labels.maps[:2]), CLASSES, 7, tmp_path)
    replace(tmp_path, key=json.dumps(['a list']))
    with pytest.raises(BadFileError, match='expected'):
        source_prior(labels, CLASSES, 7, tmp_path)


@pytest.mark.parametrize('content', [b'', b'text', b'PK\x03\x04half'])
def test_damaged(content: bytes, labels: Labels, tmp_path: Path) -> None:
    (tmp_path / 'prior.npz').write_bytes(content)
    with pytest.raises(BadFileError, match=r'prior.npz: no file of a prior \(.*move it away'):
        stored_prior(labels, CLASSES, 7, tmp_path)
    buffer = io.BytesIO()
    np.savez(buffer, other=np.zeros(3))
    (tmp_path / 'prior.npz').write_bytes(buffer.getvalue())
    with pytest.raises(BadFileError, match='no file of a prior'):
        stored_prior(labels, CLASSES, 7, tmp_path)
