"""Faults of what label and image files hold."""

import shutil
from pathlib import Path

import cv2
import numpy as np
from mmengine.config import Config
from PIL import Image

from .base import RNG, fault, rewrite
from tests.helpers.tiny_data import make_cityscapes


@fault('gta', 'error', 'gta5/labels/00006.png', 'size (20, 32)', '(24, 32)')
def label_of_another_size(root: Path, cfg: Config) -> None:
    rewrite(root / 'gta5/labels/00006.png', lambda label: label[:20])


@fault('gta', 'error', 'gta5/labels/00007.png', 'unknown ids [77]')
def unknown_id(root: Path, cfg: Config) -> None:
    rewrite(root / 'gta5/labels/00007.png', lambda label: np.where(label == 7, 77, label))


@fault('gta', 'error', 'gta5/labels/00001.png', '3 channels of uint8')
def coloured_label(root: Path, cfg: Config) -> None:
    with Image.open(root / 'gta5/labels/00001.png') as image:
        colours = image.convert('RGB')
    colours.save(root / 'gta5/labels/00001.png')


@fault('camvid', 'error', 'trainannot/0006R0_f00930.png', 'is a JPEG')
def jpeg_label(root: Path, cfg: Config) -> None:
    path = root / 'camvid/trainannot/0006R0_f00930.png'
    with Image.open(path) as image:
        grey = image.convert('L')
    grey.save(path, format='JPEG')


@fault('camvid', 'error', 'testannot/0001TP_008550.png', 'unknown ids [12]')
def camvid_of_12_classes(root: Path, cfg: Config) -> None:
    path = root / 'camvid/testannot/0001TP_008550.png'
    rewrite(path, lambda label: np.where(label == 0, 12, label).astype(np.uint8))


@fault('synthia', 'error', 'GT/LABELS/0000000.png', 'must be a 16-bit image', 'uint8')
def synthia_label_of_8_bits(root: Path, cfg: Config) -> None:
    path = root / 'synthia/GT/LABELS/0000000.png'
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(path), image.astype(np.uint8))


@fault('synthia', 'error', 'GT/LABELS/0000000.png', 'uint16; the other channels are missing')
def synthia_label_of_one_channel(root: Path, cfg: Config) -> None:
    path = root / 'synthia/GT/LABELS/0000000.png'
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(path), image[..., 2])


@fault('synthia', 'error', 'GT/LABELS/0000002.png', 'unknown ids')
def synthia_label_in_bgr(root: Path, cfg: Config) -> None:
    path = root / 'synthia/GT/LABELS/0000002.png'
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(path), np.roll(image, 1, axis=2))


@fault('nthu', 'error', 'gtFine/train', 'look like train ids')
def train_ids_named_label_ids(root: Path, cfg: Config) -> None:
    folder = root / 'other'
    make_cityscapes(folder, labels={'train': 'labelTrainIds'})
    for path in (folder / 'gtFine').rglob('*.png'):
        name = str(path.relative_to(folder)).replace('labelTrainIds', 'labelIds')
        path.rename(root / 'city' / name)


@fault('folder', 'error', 'gtFine/val/frankfurt', 'holds unknown ids', 'known are 0..18')
def label_ids_named_train_ids(root: Path, cfg: Config) -> None:
    folder = make_cityscapes(root / 'other', labels={'val': 'labelIds'})
    for path in (folder / 'gtFine').rglob('*.png'):
        name = str(path.relative_to(folder)).replace('labelIds', 'labelTrainIds')
        path.rename(root / 'city' / name)


@fault('gta', 'error', 'gta5/labels', 'no pixel', 'values in the files: [0]')
def all_ignored(root: Path, cfg: Config) -> None:
    for path in (root / 'gta5/labels').iterdir():
        rewrite(path, np.zeros_like)


@fault('gta', 'warning', 'gta5/labels/00003.png', 'every pixel is ignored')
def one_label_ignored(root: Path, cfg: Config) -> None:
    rewrite(root / 'gta5/labels/00003.png', np.zeros_like)


@fault('gta', 'warning', 'train_dataloader.dataset.source', 'car', 'no pixel')
def class_never_occurs(root: Path, cfg: Config) -> None:
    for path in (root / 'gta5/labels').iterdir():
        rewrite(path, lambda label: np.where(label == 26, 7, label))


@fault('gta', 'warning', 'gta5/images/00008.png', 'every pixel is [0, 0, 0]')
def blank_image(root: Path, cfg: Config) -> None:
    rewrite(root / 'gta5/images/00008.png', np.zeros_like)


@fault('gta', 'warning', 'gta5/images/00008.png', '8-bit grey, used as three equal channels')
def grey_image(root: Path, cfg: Config) -> None:
    rewrite(root / 'gta5/images/00008.png', lambda image: image[..., 0])


@fault('gta', 'error', 'gta5/images/00008.png', 'is a label file, expected a photograph')
def label_among_the_images(root: Path, cfg: Config) -> None:
    shutil.copy(root / 'gta5/labels/00008.png', root / 'gta5/images/00008.png')


@fault('gta', 'warning', 'gta5/images/00008.png', 'EXIF orientation 3')
def turned_photograph(root: Path, cfg: Config) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    path = root / 'gta5/images/00008.png'
    with Image.open(path) as image:
        image.save(path, exif=exif)


@fault('folder', 'error', 'photos/a.png', '16-bit, expected 8-bit colour')
def image_of_16_bits(root: Path, cfg: Config) -> None:
    pixels = RNG.integers(0, 65536, (24, 32, 3), dtype=np.uint16)
    cv2.imwrite(str(root / 'photos/a.png'), pixels)
