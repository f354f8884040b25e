"""The files of the benchmarks: one writer for each format.

A writer gets the folder of its data set, the split, the number of the scene in the split,
the RGB image and its Cityscapes label ids.
"""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mmseg_maxsquare.datasets.cityscapes import CITYSCAPES_IDS, CLASS_SETS, PALETTE
from mmseg_maxsquare.datasets.synthia import SYNTHIA_IDS

from .canvas import IDS

TOWNS = dict(train='duskford', val='mistham')
SYNTHIA_BY_TRAIN_ID = {train_id: i for i, train_id in SYNTHIA_IDS.items()}
NTHU_IDS = [IDS[name] for name in CLASS_SETS[13]]
JPEG_CITIES = ('Tokyo',)  # NTHU has images of both formats


def write_gta5(root: Path, split: str, index: int, image: np.ndarray, ids: np.ndarray) -> None:
    """Labels are palette PNGs of label ids. Our held-out split lies beside ``root``."""
    folder = root if split == 'train' else root.with_name(f'{root.name}_{split}')
    name = f'{index + 1:05d}.png'
    labels = Image.fromarray(ids)
    colours = np.zeros((256, 3), np.uint8)
    colours[list(CITYSCAPES_IDS)] = [PALETTE[train_id] for train_id in CITYSCAPES_IDS.values()]
    labels.putpalette(colours.tobytes())
    save(folder / 'images' / name, image)
    save(folder / 'labels' / name, labels)


def write_cityscapes(
    root: Path, split: str, index: int, image: np.ndarray, ids: np.ndarray
) -> None:
    """Labels are label ids; val also has train ids, as made by cityscapesscripts.

    The training split has no train ids: as a target it needs no labels, and as the source
    of NTHU the original files are enough.
    """
    stem = f'{split}/{TOWNS[split]}/{TOWNS[split]}_{index:06d}_000019'
    save(root / 'leftImg8bit' / f'{stem}_leftImg8bit.png', image)
    save(root / 'gtFine' / f'{stem}_gtFine_labelIds.png', ids)
    if split == 'val':
        train_ids = table(CITYSCAPES_IDS, other=255)[ids]
        save(root / 'gtFine' / f'{stem}_gtFine_labelTrainIds.png', train_ids)


def write_synthia(root: Path, split: str, index: int, image: np.ndarray, ids: np.ndarray) -> None:
    """Labels are 16-bit RGB: class, instance, 0. There is one split and id 0 is void."""
    name = f'{index:07d}.png'
    save(root / 'RGB' / name, image)
    classes = table({i: SYNTHIA_BY_TRAIN_ID.get(t, 0) for i, t in CITYSCAPES_IDS.items()})[ids]
    # Pillow has no 16-bit RGB; OpenCV takes BGR.
    labels = np.stack([np.zeros_like(ids), instances(ids), classes], axis=-1)
    content = cv2.imencode('.png', labels)[1].tobytes()
    path = root / 'GT' / 'LABELS' / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_nthu(root: Path, split: str, index: int, image: np.ndarray, ids: np.ndarray) -> None:
    """The split is like ``Rome/Train``. Train has no labels; those of Test are label ids.

    The lists have names without suffix, like the lists published by the paper's authors.
    """
    city, part = split.split('/')
    name = f'pano_{index:05d}_0_{180 if part == "Test" else 0}'
    suffix = '.jpg' if city in JPEG_CITIES else '.png'
    save(root / city / 'Images' / part / f'{name}{suffix}', image)
    if part == 'Test':
        known = table({i: i for i in NTHU_IDS})[ids]
        save(root / city / 'Labels' / part / f'{name}_eval.png', known)
    names = root / city / 'List' / f'{part.lower()}.txt'
    names.parent.mkdir(exist_ok=True)
    with names.open('a') as file:
        file.write(f'{name}\n')


def save(path: Path, picture: np.ndarray | Image.Image) -> None:
    """Write an 8-bit image in the format of the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    picture.save(path, **dict(quality=95) if path.suffix == '.jpg' else {})


def table(values: dict[int, int], other: int = 0) -> np.ndarray:
    """The values as a look-up table, uint8 ``(256,)``."""
    result = np.full(256, other, np.uint8)
    result[list(values)] = list(values.values())
    return result


def instances(ids: np.ndarray) -> np.ndarray:
    """A number for every car and person, 0 elsewhere, uint16 ``(H, W)``.

    Counted down from the largest, so that a reader of 8 bits or of the wrong channel gets
    no class ids.
    """
    result, count = np.zeros(ids.shape, np.uint16), 0
    for name in ('car', 'person'):
        found, parts = cv2.connectedComponents((ids == IDS[name]).astype(np.uint8))
        result[parts > 0] = 65536 - count - parts[parts > 0]
        count += found - 1  # component 0 is the background
    return result


WRITERS = dict(
    gta5=write_gta5, synthia=write_synthia, cityscapes=write_cityscapes, nthu=write_nthu
)  # fmt: skip
