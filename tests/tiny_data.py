"""Tiny data sets in exactly the files and folders of the real ones, and stand-ins for data sets."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from PIL import Image
from torch.utils.data import Dataset

from mmseg_maxsquare.datasets import UDADataset

init_default_scope('mmseg')  # as a Runner does: pipelines name mmseg's transforms

SIZE = (24, 32)  # height, width
# Ids that the label files of GTA5 hold: those with a train id and some without.
GTA5_IDS = (0, 1, 4, 7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33, 34)
CITYSCAPES_TRAIN_IDS = (*range(19), 255)
CAMVID_IDS = tuple(range(12))
CAMVID_NAMES = {
    'train': (
        '0001TP_006690',
        '0001TP_006720',
        '0006R0_f00930',
        '0006R0_f00960',
        '0016E5_00390',
        '0016E5_00420',
    ),
    'val': ('0016E5_07959', '0016E5_07961'),
    'test': ('0001TP_008550', '0001TP_008580', 'Seq05VD_f00000'),
}


def save_image(path: Path, size: tuple[int, int], rng: np.random.Generator) -> Path:
    """Write a random RGB image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)
    return path


def save_label(path: Path, label: np.ndarray, palette: bool = False) -> Path:
    """Write a label map; with ``palette`` as a palette PNG, as GTA5 has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(label)
    if palette:
        image.putpalette(bytes((37 * i) % 256 for i in range(768)))
    image.save(path)
    return path


def block_label(size: tuple[int, int], ids: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Label map of 4 x 4 blocks, uint8 ``(H, W)``."""
    height, width = size
    coarse = rng.choice(ids, (-(-height // 4), -(-width // 4))).astype(np.uint8)
    return coarse.repeat(4, 0).repeat(4, 1)[:height, :width]


def make_gta5(root: Path, count: int = 3, size: tuple[int, int] = SIZE, seed: int = 0) -> Path:
    """Write ``images/00001.png`` ... and the palette PNGs ``labels/00001.png`` ..."""
    rng = np.random.default_rng(seed)
    for number in range(1, count + 1):
        name = f'{number:05d}.png'
        save_image(root / 'images' / name, size, rng)
        save_label(root / 'labels' / name, block_label(size, GTA5_IDS, rng), palette=True)
    return root


def make_cityscapes(
    root: Path, train: int = 2, val: int = 2, size: tuple[int, int] = SIZE, seed: int = 1
) -> Path:
    """Write ``leftImg8bit`` of both splits and ``gtFine`` labelTrainIds of val only."""
    rng = np.random.default_rng(seed)
    for split, city, count in (('train', 'aachen', train), ('val', 'frankfurt', val)):
        for number in range(count):
            stem = f'{split}/{city}/{city}_{number:06d}_000019'
            save_image(root / 'leftImg8bit' / f'{stem}_leftImg8bit.png', size, rng)
            if split == 'val':
                path = root / 'gtFine' / f'{stem}_gtFine_labelTrainIds.png'
                save_label(path, block_label(size, CITYSCAPES_TRAIN_IDS, rng))
    return root


def make_camvid(root: Path, size: tuple[int, int] = SIZE, seed: int = 2) -> Path:
    """Write ``train``, ``trainannot`` and likewise val and test, drives in the file names."""
    rng = np.random.default_rng(seed)
    for split, names in CAMVID_NAMES.items():
        for name in names:
            save_image(root / split / f'{name}.png', size, rng)
            save_label(root / f'{split}annot' / f'{name}.png', block_label(size, CAMVID_IDS, rng))
    return root


def train_pipeline(*steps: object, labels: bool = True) -> list:
    """Load an image (and its labels), do ``steps``, pack."""
    load = [dict(type='LoadImageFromFile')] + [dict(type='LoadAnnotations')] * labels
    return [*load, *steps, dict(type='PackSegInputs')]


def source_cfg(root: Path, *steps: object, **kwargs) -> dict:
    """Config of a tiny GTA5."""
    pipeline = kwargs.pop('pipeline', train_pipeline(*steps))
    cfg = dict(type='GTA5Dataset', data_root=str(root), serialize_data=False)
    return {**cfg, 'pipeline': pipeline, **kwargs}


def target_cfg(root: Path, *steps: object, **kwargs) -> dict:
    """Config of a tiny Cityscapes whose training half has no labels."""
    cfg = dict(type='CityscapesDataset', data_root=str(root), serialize_data=False)
    prefix = dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train')
    pipeline = train_pipeline(*steps, labels=False)
    return {**cfg, 'data_prefix': prefix, 'pipeline': pipeline, **kwargs}


def noise(results: dict) -> dict:
    """Put draws of the three global generators into the image."""
    draws = [random.random(), float(np.random.rand()), float(torch.rand(()))]
    results['img'] = results['img'].astype(np.float32)
    results['img'][0, 0] = draws
    return results


def noisy_pair(root: Path, **kwargs) -> UDADataset:
    """UDADataset on files with every kind of randomness in its pipelines."""
    steps = [dict(type='RandomGaussianBlur'), dict(type='RandomFlip', prob=0.5), noise]
    return UDADataset(
        source_cfg(make_gta5(root / 'gta5', count=3), *steps),
        target_cfg(make_cityscapes(root / 'cityscapes', train=2), *steps),
        **kwargs,
    )


class FakeDataset(Dataset):
    """A data set without files: image ``i`` is filled with ``i % 256``.

    Args:
        length: Number of images.
        classes: Class names, or None for a plain set of images.
        labelled: Whether items have labels.
    """

    def __init__(
        self, length: int, classes: Sequence[str] | None = ('road', 'car'), labelled: bool = True
    ) -> None:
        self.length = length
        self.metainfo = {} if classes is None else dict(classes=classes, palette=[[0, 0, 0]] * 2)
        self.labelled = labelled

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict:
        sample = SegDataSample(metainfo=dict(index=index, ori_shape=(2, 3), img_shape=(2, 3)))
        if self.labelled:
            sample.gt_sem_seg = PixelData(data=torch.zeros(1, 2, 3, dtype=torch.int64))
        image = torch.full((3, 2, 3), index % 256, dtype=torch.uint8)
        return dict(inputs=image, data_samples=sample)
