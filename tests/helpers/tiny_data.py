"""Tiny data sets in exactly the files and folders of the real ones, and stand-ins for data sets."""

import random
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import DATASETS
from mmseg.structures import SegDataSample
from PIL import Image
from torch.utils.data import Dataset

from mmseg_maxsquare.datasets import UDADataset

init_default_scope('mmseg')  # as a Runner does: pipelines name mmseg's transforms

SIZE = (24, 32)  # height, width
# The tables, typed in once more so that tests do not compare the package with itself.
CLASSES_19 = (
    'road', 'sidewalk', 'building', 'wall', 'fence', 'pole', 'traffic light', 'traffic sign',
    'vegetation', 'terrain', 'sky', 'person', 'rider', 'car', 'truck', 'bus', 'train',
    'motorcycle', 'bicycle',
)  # fmt: skip
TRAIN_IDS = {  # by number of classes, in their order
    19: tuple(range(19)),
    16: (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 17, 18),
    13: (0, 1, 2, 6, 7, 8, 10, 11, 12, 13, 15, 17, 18),
}
LABEL_ID_TABLE = {  # Cityscapes, GTA5, NTHU
    7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10, 24: 11, 25: 12,
    26: 13, 27: 14, 28: 15, 31: 16, 32: 17, 33: 18,
}  # fmt: skip
SYNTHIA_TABLE = {
    1: 10, 2: 2, 3: 0, 4: 1, 5: 4, 6: 8, 7: 5, 8: 13, 9: 7, 10: 11, 11: 18, 12: 17, 15: 6,
    16: 9, 17: 12, 18: 14, 19: 15, 20: 16, 21: 3,
}  # fmt: skip
# Ids that the label files of GTA5 hold: those with a train id and some without.
GTA5_IDS = (0, 1, 4, 7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33, 34)
CITYSCAPES_TRAIN_IDS = (*range(19), 255)
CAMVID_IDS = tuple(range(12))
OFFICE31_CLASSES = (
    'back_pack', 'bike', 'bike_helmet', 'bookcase', 'bottle', 'calculator', 'desk_chair',
    'desk_lamp', 'desktop_computer', 'file_cabinet', 'headphones', 'keyboard', 'laptop_computer',
    'letter_tray', 'mobile_phone', 'monitor', 'mouse', 'mug', 'paper_notebook', 'pen', 'phone',
    'printer', 'projector', 'punchers', 'ring_binder', 'ruler', 'scissors', 'speaker', 'stapler',
    'tape_dispenser', 'trash_can',
)  # fmt: skip
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


def write_huge(path: Path, side: int = 15_000) -> Path:
    """Write a PNG whose header says ``side`` x ``side`` pixels; it holds none."""
    header = struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0)
    chunks = [(b'IHDR', header), (b'IDAT', zlib.compress(b'')), (b'IEND', b'')]
    content = b'\x89PNG\r\n\x1a\n'
    for kind, data in chunks:
        checksum = struct.pack('>I', zlib.crc32(kind + data))
        content += struct.pack('>I', len(data)) + kind + data + checksum
    path.write_bytes(content)
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


def save_synthia_label(
    path: Path, ids: np.ndarray, instances: np.ndarray | int = 0, blue: np.ndarray | int = 0
) -> Path:
    """Write a 16-bit PNG as SYNTHIA has them: red is the id, green the instance number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.empty((*ids.shape, 3), np.uint16)
    image[..., 0], image[..., 1], image[..., 2] = blue, instances, ids  # OpenCV writes BGR
    assert cv2.imwrite(str(path), image)
    return path


def make_synthia(root: Path, count: int = 3, size: tuple[int, int] = SIZE, seed: int = 3) -> Path:
    """Write ``RGB/0000000.png`` ... and the 16-bit ``GT/LABELS/0000000.png`` ..."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        name = f'{number:07d}.png'
        save_image(root / 'RGB' / name, size, rng)
        ids, instances = block_label(size, range(23), rng), rng.integers(0, 65536, size)
        save_synthia_label(root / 'GT/LABELS' / name, ids, instances)
    return root


def make_cityscapes(
    root: Path,
    train: int = 2,
    val: int = 2,
    size: tuple[int, int] = SIZE,
    seed: int = 1,
    labels: dict[str, str | tuple[str, ...]] = {'val': 'labelTrainIds'},
    cities: dict[str, tuple[str, ...]] = {'train': ('aachen',), 'val': ('frankfurt',)},
) -> Path:
    """Write ``leftImg8bit`` of both splits and ``gtFine`` as far as asked for.

    Args:
        root: Where to.
        train: Images of each city of this split.
        val: Images of each city of this split.
        size: Height and width.
        seed: Seed of the content; the same for every kind of labels.
        labels: Kind, or kinds, of label files by split: labelTrainIds, labelIds.
        cities: By split.
    """
    rng = np.random.default_rng(seed)
    for split, count in (('train', train), ('val', val)):
        kinds = labels.get(split, ())
        for city in cities[split]:
            for number in range(count):
                stem = f'{split}/{city}/{city}_{number:06d}_000019'
                save_image(root / 'leftImg8bit' / f'{stem}_leftImg8bit.png', size, rng)
                if kinds:
                    train_ids = block_label(size, CITYSCAPES_TRAIN_IDS, rng)
                for kind in (kinds,) if isinstance(kinds, str) else kinds:
                    label = train_ids if kind == 'labelTrainIds' else label_ids_of(train_ids)
                    save_label(root / 'gtFine' / f'{stem}_gtFine_{kind}.png', label)
    return root


def label_ids_of(train_ids: np.ndarray) -> np.ndarray:
    """Cityscapes label ids with these train ids, of all kinds where these are 255."""
    ids = np.resize(np.array([0, 1, 4, 6, 9, 16, 29, 34], np.uint8), train_ids.shape)
    for label, train in LABEL_ID_TABLE.items():
        ids[train_ids == train] = label
    return ids


def make_nthu(
    root: Path,
    cities: Sequence[str] = ('Rio', 'Rome', 'Taipei', 'Tokyo'),
    train: int = 3,
    test: int = 2,
    lists: bool = True,
    size: tuple[int, int] = SIZE,
    seed: int = 4,
) -> Path:
    """Write ``CITY/Images``, Train as .jpg and Test as .png, ``Labels/Test`` and ``List``."""
    rng = np.random.default_rng(seed)
    for city in cities:
        names = {'train': [], 'test': []}
        for split, count, suffix in (('train', train, '.jpg'), ('test', test, '.png')):
            for number in range(count):
                name = f'pano_{100 * (split == "test") + number:05d}_2_180'
                names[split].append(name)
                folder = split.capitalize()
                save_image(root / city / 'Images' / folder / f'{name}{suffix}', size, rng)
                if split == 'test':
                    path = root / city / 'Labels' / folder / f'{name}_eval.png'
                    save_label(path, block_label(size, GTA5_IDS, rng))
        if lists:
            for split, lines in names.items():
                path = root / city / 'List' / f'{split}.txt'
                path.parent.mkdir(exist_ok=True)
                path.write_text(''.join(f'{line}\n' for line in lines))
    return root


def make_camvid(root: Path, size: tuple[int, int] = SIZE, seed: int = 2) -> Path:
    """Write ``train``, ``trainannot`` and likewise val and test, drives in the file names."""
    rng = np.random.default_rng(seed)
    for split, names in CAMVID_NAMES.items():
        for name in names:
            save_image(root / split / f'{name}.png', size, rng)
            save_label(root / f'{split}annot' / f'{name}.png', block_label(size, CAMVID_IDS, rng))
    return root


def make_labelmefacade(root: Path, size: tuple[int, int] = SIZE, seed: int = 3) -> Path:
    """Write prepared labels of both splits, the file names of which may agree."""
    rng = np.random.default_rng(seed)
    for split in ('train', 'test'):
        for name in ('0001', '0002'):
            save_image(root / f'images/{split}/{name}.jpg', size, rng)
            save_label(root / f'labels/{split}/{name}.png', block_label(size, range(6), rng))
    return root


class Format(NamedTuple):
    """A data set with 8-bit label files.

    Attributes:
        make: Writes it into a folder.
        cfg: Config of its class.
        image: First image.
        label: Its label.
        table: Train id of all ids that a file may hold.
    """

    make: Callable[[Path], Path]
    cfg: dict
    image: str
    label: str
    table: dict[int, int]


def known_ids(table: dict[int, int], known: Sequence[int]) -> dict[int, int]:
    """Train id of the known ids: the table's, else 255."""
    return {i: table.get(i, 255) for i in known}


def _cityscapes(kind: str, table: dict[int, int]) -> Format:
    stem = 'val/frankfurt/frankfurt_000000_000019'
    prefix = dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val')
    return Format(
        lambda root: make_cityscapes(root, train=0, labels={'val': kind}),
        dict(type='CityscapesLabelIdDataset', data_prefix=prefix),
        f'leftImg8bit/{stem}_leftImg8bit.png',
        f'gtFine/{stem}_gtFine_{kind}.png',
        table,
    )


LABEL_IDS = known_ids(LABEL_ID_TABLE, (*range(35), 255))
FORMATS = {
    'gta5': Format(
        make_gta5, dict(type='GTA5Dataset'), 'images/00001.png', 'labels/00001.png', LABEL_IDS
    ),
    'cityscapes labelIds': _cityscapes('labelIds', LABEL_IDS),
    'cityscapes labelTrainIds': _cityscapes(
        'labelTrainIds', known_ids({i: i for i in range(19)}, (*range(19), 255))
    ),
    'nthu': Format(
        lambda root: make_nthu(root, cities=('Rome',), train=1),
        dict(type='NTHUDataset', city='Rome', split='Test'),
        'Rome/Images/Test/pano_00100_2_180.png',
        'Rome/Labels/Test/pano_00100_2_180_eval.png',
        {
            i: TRAIN_IDS[13].index(train) if train in TRAIN_IDS[13] else 255
            for i, train in LABEL_IDS.items()
        },
    ),
    'camvid': Format(
        make_camvid,
        dict(type='CamVidDataset'),
        'train/0001TP_006690.png',
        'trainannot/0001TP_006690.png',
        known_ids({i: i for i in range(11)}, (*range(12), 255)),
    ),
}


def write_ids(path: Path, *ids: int) -> None:
    """Replace an 8-bit label file by one that holds just these ids."""
    save_label(path, np.resize(np.array(ids, np.uint8), SIZE))


def build_dataset(root: Path, cfg: dict, pipeline: list | None = None, **kwargs) -> Dataset:
    """The data set of a config, with the plainest pipeline."""
    pipeline = train_pipeline() if pipeline is None else pipeline
    common = dict(data_root=str(root), serialize_data=False, pipeline=pipeline)
    return DATASETS.build({**common, **cfg, **kwargs})


def label_of(dataset: Dataset, index: int = 0) -> np.ndarray:
    """Train ids of an item, ``(H, W)``."""
    return dataset[index]['data_samples'].gt_sem_seg.data[0].numpy()


def names_of(dataset: Dataset) -> list[str]:
    """Names of the image files, in order."""
    return [Path(dataset.get_data_info(i)['img_path']).name for i in range(len(dataset))]


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


def make_office31(root: Path, per_class: int = 1) -> None:
    """Office-31: JPEGs of several sizes in the folders of all classes of all domains."""
    rng = np.random.default_rng(0)
    for domain, size in (('amazon', (300, 300)), ('webcam', (432, 441)), ('dslr', (100, 150))):
        for name in OFFICE31_CLASSES:
            for number in range(1, per_class + 1):
                save_image(root / domain / 'images' / name / f'frame_{number:04d}.jpg', size, rng)
