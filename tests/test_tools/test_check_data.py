"""The doctor: clean data sets of every format pass, planted faults are named."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import DATASETS
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tools'))
from tiny_data import (
    make_camvid,
    make_cityscapes,
    make_gta5,
    make_nthu,
    make_synthia,
    save_image,
    train_pipeline,
)
from tiny_models import head_cfg, low_head_cfg, uda_cfg

import check_data
from doctor.content import defect
from doctor.files import FileCheck, FileReport
from doctor.findings import Finding
from doctor.survey import spread

REPO = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(99)  # other images than tiny_data's
POLY = dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=5, by_epoch=False)
CITY_TRAIN = dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train')
CITY_VAL = dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val')


def build_cfg(root: Path, source: dict, target: dict, val: dict, classes: int) -> Config:
    """A config as the repository's are, with a tiny network."""
    for part in (source, val):
        part.setdefault('pipeline', train_pipeline())
    target.setdefault('pipeline', train_pipeline(labels=False))
    heads = [head_cfg(num_classes=classes), low_head_cfg(num_classes=classes)]
    model = uda_cfg(decode_head=heads[0], auxiliary_head=heads[1], guidance=dict())
    return Config(
        dict(
            default_scope='mmseg',
            work_dir=str(root / 'work'),
            model=model,
            train_dataloader=dict(
                batch_size=1,
                num_workers=0,
                sampler=dict(type='UDASampler'),
                dataset=dict(type='UDADataset', source=source, target=target),
            ),
            val_dataloader=dict(batch_size=1, num_workers=0, dataset=val),
            val_evaluator=dict(type='SubsetIoUMetric', subsets={}),
            train_cfg=dict(type='IterBasedTrainLoop', max_iters=4),
            val_cfg=dict(type='ValLoop'),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            default_hooks=dict(
                checkpoint=dict(type='CheckpointHook', interval=2, max_keep_ckpts=1)
            ),
        )
    )


def gta(root: Path) -> Config:
    """GTA5 to Cityscapes (train ids)."""
    city = dict(type='CityscapesLabelIdDataset', data_root=str(make_cityscapes(root / 'city')))
    source = dict(type='GTA5Dataset', data_root=str(make_gta5(root / 'gta5', count=8)))
    val = dict(**city, data_prefix=CITY_VAL)
    return build_cfg(root, source, city, val, 19)


def synthia(root: Path) -> Config:
    """SYNTHIA to Cityscapes (label ids), 16 classes."""
    folder = make_cityscapes(root / 'city', labels={'val': 'labelIds'})
    city = dict(type='CityscapesLabelIdDataset', data_root=str(folder), num_classes=16)
    source = dict(type='SYNTHIADataset', data_root=str(make_synthia(root / 'synthia')))
    return build_cfg(root, source, city, dict(**city, data_prefix=CITY_VAL), 16)


def nthu(root: Path) -> Config:
    """Cityscapes (label ids) to Rome, 13 classes."""
    folder = make_cityscapes(root / 'city', labels={'train': 'labelIds', 'val': 'labelIds'})
    source = dict(type='CityscapesLabelIdDataset', data_root=str(folder), num_classes=13)
    rome = dict(type='NTHUDataset', data_root=str(make_nthu(root / 'nthu', ['Rome'])), city='Rome')
    return build_cfg(root, source, dict(**rome, split='Train'), dict(**rome, split='Test'), 13)


def camvid(root: Path) -> Config:
    """CamVid by day to CamVid at dusk."""
    both = dict(type='CamVidDataset', data_root=str(make_camvid(root / 'camvid')))
    prefix = dict(img_path='test', seg_map_path='testannot')
    source = dict(**both, drives=('0006R0', '0016E5'))
    val = dict(**both, drives=('0001TP',), data_prefix=prefix)
    return build_cfg(root, source, dict(**both, drives=('0001TP',)), val, 11)


def folder(root: Path) -> Config:
    """GTA5 to a plain folder of images, scored on mmseg's own Cityscapes."""
    for i, name in enumerate(('a.png', 'b.jpg', 'sub/c.JPG')):
        save_image(root / 'photos' / name, (24 + i, 32), RNG)
    source = dict(type='GTA5Dataset', data_root=str(make_gta5(root / 'gta5')))
    val = dict(type='CityscapesDataset', data_root=str(make_cityscapes(root / 'city')))
    target = dict(type='ImageFolderDataset', data_root=str(root / 'photos'))
    return build_cfg(root, source, target, dict(**val, data_prefix=CITY_VAL), 19)


FORMATS = dict(gta=gta, synthia=synthia, nthu=nthu, camvid=camvid, folder=folder)


def run(cfg: Config, root: Path, **kwargs) -> list[Finding]:
    """Findings for a config; the sheets go to ``root/out``."""
    (root / 'out').mkdir(exist_ok=True)
    return check_data.check(cfg, root / 'out', **kwargs)[0]


def rewrite(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Change the pixels of a file."""
    with Image.open(path) as image:
        pixels = np.array(image)
    Image.fromarray(change(pixels)).save(path)


def cut(path: Path, share: float = 0.6) -> None:
    """Leave the first part of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


@pytest.mark.parametrize('name', FORMATS)
def test_clean_data_pass(name: str, tmp_path: Path) -> None:
    cfg = FORMATS[name](tmp_path)
    findings = run(cfg, tmp_path)
    assert [f for f in findings if f.level == 'error'] == []
    warnings = {f.kind.split(': ')[1] for f in findings if f.level == 'warning'}
    assert warnings <= {'partial copy', 'classes that never occur'}  # in so few files
    sheets = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert sheets == ['sheet_source.png', 'sheet_target.png', 'sheet_val.png']
    assert not (tmp_path / 'work').exists()


# Faults: format, what is planted, level, file or field, words of the finding.
FAULTS: dict[str, tuple] = {}


def fault(form: str, level: str, where: str, *words: str) -> Callable:
    """Register what a function ``(root, cfg)`` plants."""

    def register(plant: Callable[[Path, Config], None]) -> Callable:
        FAULTS[plant.__name__] = (form, plant, level, where, words)
        return plant

    return register


@fault('gta', 'error', 'gta5/images/00002.png', 'empty (0 bytes)')
def empty_image(root: Path, cfg: Config) -> None:
    (root / 'gta5/images/00002.png').write_bytes(b'')


@fault('gta', 'error', 'gta5/images/00003.png', 'cut off after')
def truncated_image(root: Path, cfg: Config) -> None:
    cut(root / 'gta5/images/00003.png')


@fault('nthu', 'error', 'Images/Train/pano_00001_2_180.jpg', 'cut off after')
def truncated_jpeg(root: Path, cfg: Config) -> None:
    cut(root / 'nthu/Rome/Images/Train/pano_00001_2_180.jpg')


@fault('gta', 'error', 'gta5/labels/00004.png', 'cut off after')
def truncated_label(root: Path, cfg: Config) -> None:
    cut(root / 'gta5/labels/00004.png')


@fault('gta', 'error', 'gta5/images/00001.png', 'wrong checksum')
def flipped_byte(root: Path, cfg: Config) -> None:
    path = root / 'gta5/images/00001.png'
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


@fault('gta', 'error', 'leftImg8bit/train/aachen', 'zero bytes')
def zeroed_target_image(root: Path, cfg: Config) -> None:
    path = next((root / 'city/leftImg8bit/train').rglob('*.png'))
    path.write_bytes(bytes(500))


@fault('gta', 'error', 'gta5/labels/00002.png', 'Git LFS pointer')
def lfs_pointer(root: Path, cfg: Config) -> None:
    (root / 'gta5/labels/00002.png').write_text('version https://git-lfs.github.com/spec/v1\n')


@fault('folder', 'error', 'photos/a.png', 'cannot be decoded')
def text_as_image(root: Path, cfg: Config) -> None:
    (root / 'photos/a.png').write_text('no picture')


@fault('gta', 'error', 'gta5/labels/00005.png', 'does not exist', '00005.png')
def missing_label(root: Path, cfg: Config) -> None:
    (root / 'gta5/labels/00005.png').unlink()


@fault('gta', 'error', 'gta5/labels/00005.png', 'there is', '00005.PNG')
def label_in_capitals(root: Path, cfg: Config) -> None:
    (root / 'gta5/labels/00005.png').rename(root / 'gta5/labels/00005.PNG')


@fault('synthia', 'error', 'GT/LABELS/0000001.png', 'there is no image 0000001')
def missing_image(root: Path, cfg: Config) -> None:
    (root / 'synthia/RGB/0000001.png').unlink()


@fault('gta', 'warning', 'gta5/labels/00003.png', 'there is no image 00003')
def missing_image_off_the_list(root: Path, cfg: Config) -> None:
    (root / 'gta5/images/00003.png').unlink()
    (root / 'list.txt').write_text('1\n2\n4\n')
    cfg.train_dataloader.dataset.source.ann_file = str(root / 'list.txt')


@fault('gta', 'error', 'gta5/labels/00003.png', 'no image 00003; there is', '00003.jpg')
def image_of_another_ending(root: Path, cfg: Config) -> None:
    (root / 'gta5/images/00003.png').rename(root / 'gta5/images/00003.jpg')


@fault('gta', 'warning', '_leftImg8bit.jpg', 'ends otherwise than _leftImg8bit.png')
def target_image_of_another_ending(root: Path, cfg: Config) -> None:
    path = next((root / 'city/leftImg8bit/train').rglob('*.png'))
    path.rename(path.with_suffix('.jpg'))


@fault('gta', 'error', 'gta5/labels', 'none of the 8 label files')
def no_labels(root: Path, cfg: Config) -> None:
    shutil.rmtree(root / 'gta5/labels')
    (root / 'gta5/labels').mkdir()


@fault('gta', 'error', 'source.data_prefix.seg_map_path', 'no folder', 'Labels?')
def label_folder_elsewhere(root: Path, cfg: Config) -> None:
    (root / 'gta5/part').mkdir()
    (root / 'gta5/labels').rename(root / 'gta5/part/Labels')


@fault('gta', 'error', 'source.data_prefix.img_path', 'no folder', 'gta5/x/images?')
def nested_image_folder(root: Path, cfg: Config) -> None:
    (root / 'gta5/x').mkdir()
    (root / 'gta5/images').rename(root / 'gta5/x/images')


@fault('gta', 'error', 'gta5/images', 'no image ends in .png', '8 with .bmp')
def no_images(root: Path, cfg: Config) -> None:
    for path in (root / 'gta5/images').iterdir():
        path.rename(path.with_suffix('.bmp'))


@fault('gta', 'error', 'train_dataloader.dataset.source.data_root', 'no folder', 'nowhere')
def missing_data_root(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.source.data_root = str(root / 'nowhere')


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


@fault('gta', 'error', 'gta5/images/00008.png', '8-bit grey, expected 8-bit colour')
def grey_image(root: Path, cfg: Config) -> None:
    rewrite(root / 'gta5/images/00008.png', lambda image: image[..., 0])


@fault('folder', 'error', 'photos/a.png', '16-bit RGB, expected 8-bit colour')
def image_of_16_bits(root: Path, cfg: Config) -> None:
    pixels = RNG.integers(0, 65536, (24, 32, 3), dtype=np.uint16)
    cv2.imwrite(str(root / 'photos/a.png'), pixels)


@fault('gta', 'error', 'list.txt:2', "has no image '99'")
def listed_image_missing(root: Path, cfg: Config) -> None:
    (root / 'list.txt').write_text('1\n99\n00003.png\n')
    cfg.train_dataloader.dataset.source.ann_file = str(root / 'list.txt')


@fault('gta', 'warning', 'gta5/images', '6 of the 24966 images', 'missing', '00003, 00006')
def pairs_missing(root: Path, cfg: Config) -> None:
    for name in ('00003.png', '00006.png'):
        (root / 'gta5/images' / name).unlink()
        (root / 'gta5/labels' / name).unlink()


@fault('gta', 'warning', 'gta5/images/00002.png', 'same content as', '00005.png')
def copied_image(root: Path, cfg: Config) -> None:
    shutil.copy(root / 'gta5/images/00002.png', root / 'gta5/images/00005.png')


@fault('gta', 'warning', 'val_dataloader.dataset', '1 of its 2 images are also in')
def copied_val_image(root: Path, cfg: Config) -> None:
    image = next((root / 'city/leftImg8bit/val').rglob('*.png'))
    shutil.copy(image, root / 'city/leftImg8bit/train/aachen/aachen_000009_000019_leftImg8bit.png')


@fault('camvid', 'error', 'train_dataloader.dataset.source', "no image of drives ['0016E5']")
def drive_missing(root: Path, cfg: Config) -> None:
    for path in (root / 'camvid/train').glob('0016E5*'):
        path.unlink()


@fault('gta', 'warning', 'gta5/images/00001.png', '2 times')
def listed_twice(root: Path, cfg: Config) -> None:
    (root / 'list.txt').write_text('1\n2\n00001.png\n')
    cfg.train_dataloader.dataset.source.ann_file = str(root / 'list.txt')


@fault('gta', 'error', 'list.txt', 'is no text in UTF-8')
def list_in_utf16(root: Path, cfg: Config) -> None:
    (root / 'list.txt').write_text('1\n2\n', encoding='utf-16')
    cfg.train_dataloader.dataset.source.ann_file = str(root / 'list.txt')


@fault('gta', 'error', 'list.txt', 'is no text in UTF-8')
def list_in_utf16_without_mark(root: Path, cfg: Config) -> None:
    (root / 'list.txt').write_text('1\n2\n', encoding='utf-16-le')
    cfg.train_dataloader.dataset.source.ann_file = str(root / 'list.txt')


@fault('nthu', 'error', 'Rome/List/test.txt', 'is no text in UTF-8')
def nthu_list_in_utf16(root: Path, cfg: Config) -> None:
    (root / 'nthu/Rome/List/test.txt').write_text('pano\n', encoding='utf-16')


@fault('nthu', 'error', 'Rome/List/test.txt', 'lists no image')
def nthu_list_that_is_empty(root: Path, cfg: Config) -> None:
    (root / 'nthu/Rome/List/test.txt').write_text('\n')


@fault('gta', 'error', 'list.txt', 'lists no image')
def list_that_is_empty(root: Path, cfg: Config) -> None:
    (root / 'list.txt').write_text('')
    cfg.train_dataloader.dataset.source.ann_file = str(root / 'list.txt')


@fault('nthu', 'error', 'pano_00100_2_180.png', 'has the name of', '.jpg but for the ending')
def images_that_share_a_label(root: Path, cfg: Config) -> None:
    save_image(root / 'nthu/Rome/Images/Test/pano_00100_2_180.jpg', (24, 32), RNG)


@fault('nthu', 'error', 'target.data_prefix.img_path', 'no folder', 'nthu/rome/Images/Train?')
def city_in_small_letters(root: Path, cfg: Config) -> None:
    (root / 'nthu/Rome').rename(root / 'nthu/rome')
    make_nthu(root / 'nthu', ['Taipei'])


@fault('gta', 'error', 'gta5/labels/00005.png', 'is a link to nowhere.png, which is gone')
def label_that_is_a_broken_link(root: Path, cfg: Config) -> None:
    (root / 'gta5/labels/00005.png').unlink()
    (root / 'gta5/labels/00005.png').symlink_to('nowhere.png')


@fault('gta', 'error', 'gta5/labels', 'none of the 8 label files', 'which is a link to ../gone')
def labels_that_are_broken_links(root: Path, cfg: Config) -> None:
    for path in (root / 'gta5/labels').iterdir():
        path.unlink()
        path.symlink_to(f'../gone/{path.name}')


@fault('gta', 'error', 'source.data_prefix.img_path', "holds only ['seg_map_path']")
def half_of_data_prefix(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.source.data_prefix = dict(seg_map_path='labels')


@fault('nthu', 'note', 'List/train.txt', 'leaves out 1 of the 3 images')
def unlisted_image(root: Path, cfg: Config) -> None:
    path = root / 'nthu/Rome/List/train.txt'
    path.write_text(''.join(path.read_text().splitlines(keepends=True)[1:]))


@fault('nthu', 'error', 'List/test.txt:1', 'has no image')
def nthu_image_missing(root: Path, cfg: Config) -> None:
    (root / 'nthu/Rome/Images/Test/pano_00100_2_180.png').unlink()


@fault('folder', 'error', 'frankfurt_000001_000019_gtFine_labelTrainIds.png', 'does not exist')
def missing_label_of_a_stock_data_set(root: Path, cfg: Config) -> None:
    path = root / 'city/gtFine/val/frankfurt/frankfurt_000001_000019_gtFine_labelTrainIds.png'
    path.unlink()


@fault('nthu', 'error', 'dataset.target', "city must be one of ('Rio'", "got 'Berlin'")
def unknown_city(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.target.city = 'Berlin'


@fault('gta', 'error', 'dataset.source', 'GTADataset is not in the', 'Is GTA5Dataset meant?')
def unknown_data_set(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.source.type = 'GTADataset'


@fault('gta', 'error', 'train_dataloader.dataset.target', 'only the source data set has', 'terrain')
def target_of_16_classes(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.target.num_classes = 16


@fault('gta', 'error', 'model.decode_head.num_classes', '16, but the data sets have 19')
def head_of_16_classes(root: Path, cfg: Config) -> None:
    cfg.model.decode_head.num_classes = 16


@fault('gta', 'error', 'model.auxiliary_head.num_classes', '16, but the data sets have 19')
def low_head_of_16_classes(root: Path, cfg: Config) -> None:
    cfg.model.auxiliary_head.num_classes = 16


@fault('gta', 'error', 'decode_head.loss_decode.class_weight', '3 weights for 19 classes')
def class_weights(root: Path, cfg: Config) -> None:
    cfg.model.decode_head.loss_decode.class_weight = [1.0, 1.0, 2.0]


@fault('gta', 'error', 'model.decode_head', 'fails', 'the backbone gives')
def wrong_channels(root: Path, cfg: Config) -> None:
    cfg.model.decode_head.in_channels = 7


@fault('gta', 'error', 'model', 'guidance trains an auxiliary head')
def guidance_without_low_head(root: Path, cfg: Config) -> None:
    del cfg.model['auxiliary_head']


@fault('gta', 'error', 'model.data_preprocessor', 'refuses a training batch')
def two_sizes_of_the_preprocessor(root: Path, cfg: Config) -> None:
    cfg.model.data_preprocessor.update(size=(16, 16), size_divisor=4)


@fault('gta', 'error', 'val_evaluator.subsets.few', "names ['lorry']")
def unknown_subset(root: Path, cfg: Config) -> None:
    cfg.val_evaluator.subsets = dict(few=['road', 'lorry'])


@fault('gta', 'error', 'val_evaluator', 'SubsetIoU is not in', 'Is SubsetIoUMetric meant?')
def unknown_evaluator(root: Path, cfg: Config) -> None:
    cfg.val_evaluator.type = 'SubsetIoU'


@fault('gta', 'error', 'val_evaluator.metrics.0', 'cannot be built', "called ['mIoU']")
def field_of_the_evaluator(root: Path, cfg: Config) -> None:
    cfg.val_evaluator = dict(metrics=[dict(type='SubsetIoUMetric', subsets=dict(mIoU=['road']))])


@fault('gta', 'error', 'checkpoint.save_best', 'no metric mIoU15; there are aAcc, mIoU, mAcc, few')
def best_by_no_metric(root: Path, cfg: Config) -> None:
    cfg.val_evaluator.subsets = dict(few=['road'])
    cfg.default_hooks.checkpoint.update(type='OracleCheckpointHook', save_best='mIoU15')


@fault('gta', 'error', 'checkpoint.save_best', 'no metric IoU.lorry', 'by class IoU.road')
def best_by_no_class(root: Path, cfg: Config) -> None:
    cfg.default_hooks.checkpoint.update(save_best=['mIoU', 'IoU.lorry'], rule='greater')


@fault('gta', 'error', 'default_hooks.checkpoint', "save_best='auto' does not say by what")
def best_by_anything(root: Path, cfg: Config) -> None:
    cfg.default_hooks.checkpoint.update(type='OracleCheckpointHook', save_best='auto')


@fault('gta', 'error', 'custom_hooks.0', 'cannot be built', 'must be at least 0')
def field_of_a_hook(root: Path, cfg: Config) -> None:
    cfg.custom_hooks = [dict(type='UDAHook', interval=0)]


@fault('gta', 'error', 'optim_wrapper.optimizer.lr', "is '2.5e-4' (str), expected a number")
def rate_in_quotes(root: Path, cfg: Config) -> None:
    cfg.optim_wrapper.optimizer.lr = '2.5e-4'


@fault('gta', 'error', 'optim_wrapper.optimizer.type', 'SDG is not in', 'Is SGD meant?')
def unknown_optimizer(root: Path, cfg: Config) -> None:
    cfg.optim_wrapper.optimizer.type = 'SDG'


@fault('gta', 'error', 'optim_wrapper', 'cannot be built', 'momentun')
def field_of_the_optimizer(root: Path, cfg: Config) -> None:
    cfg.optim_wrapper.optimizer.momentun = 0.9


@fault('gta', 'error', 'optim_wrapper.optimizer', 'is None, expected dict')
def no_optimizer(root: Path, cfg: Config) -> None:
    del cfg.optim_wrapper['optimizer']


@fault('gta', 'warning', 'param_scheduler.1.end', 'the rate is 0.0 from step 3 on')
def rate_that_ends_early(root: Path, cfg: Config) -> None:
    warm_up = dict(type='LinearLR', begin=0, end=2, by_epoch=False)
    cfg.param_scheduler = [warm_up, {**POLY, 'begin': 2, 'end': 3}]


@fault('gta', 'warning', 'param_scheduler.end', 'the curve is cut off after 4 of 10 steps')
def rate_that_is_cut_off(root: Path, cfg: Config) -> None:
    cfg.param_scheduler = {**POLY, 'end': 11}


@fault('gta', 'error', 'train_dataloader.sampler', 'UDADataset needs its own')
def stock_sampler(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.sampler.type = 'InfiniteSampler'


@fault('gta', 'error', 'dataset.target.pipeline', 'cat_max_ratio=0.75')
def crop_by_class_on_the_target(root: Path, cfg: Config) -> None:
    crop = dict(type='RandomCrop', crop_size=(8, 8), cat_max_ratio=0.75)
    cfg.train_dataloader.dataset.target.pipeline = train_pipeline(crop, labels=False)


@fault('gta', 'error', 'dataset.source.pipeline', 'gives no labels')
def source_without_labels(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.source.pipeline = train_pipeline(labels=False)


@fault('gta', 'error', 'val_dataloader.dataset.pipeline', 'labels of size (16, 16)')
def resized_val_labels(root: Path, cfg: Config) -> None:
    resize = dict(type='Resize', scale=(16, 16), keep_ratio=False)
    cfg.val_dataloader.dataset.pipeline = train_pipeline(resize)


@fault('camvid', 'note', 'dataset.target.pipeline', 'which UDADataset drops')
def labelled_target(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.target.pipeline = train_pipeline()


@fault('gta', 'warning', 'val_dataloader.dataset', 'are also in train_dataloader.dataset.target')
def trains_on_val(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.target.data_prefix = dict(CITY_VAL)


@fault('gta', 'warning', 'dataset.target', 'are also in train_dataloader.dataset.source')
def target_is_source(root: Path, cfg: Config) -> None:
    source = cfg.train_dataloader.dataset.source
    cfg.train_dataloader.dataset.target = dict(source, pipeline=train_pipeline(labels=False))


@fault('gta', 'warning', 'load_from', 'no file nothing.pth')
def missing_checkpoint(root: Path, cfg: Config) -> None:
    cfg.load_from = 'nothing.pth'


@fault('gta', 'error', 'load_from', 'have another shape', 'conv_seg.weight is (16, 8, 1, 1)')
def checkpoint_of_16_classes(root: Path, cfg: Config) -> None:
    from mmseg.registry import MODELS

    other = Config(cfg.to_dict()).model
    other.decode_head.num_classes = other.auxiliary_head.num_classes = 16
    torch.save(dict(state_dict=MODELS.build(other).state_dict()), root / 'source.pth')
    cfg.load_from = str(root / 'source.pth')


@fault('gta', 'warning', 'model.backbone.pretrained', 'no file weights.pth')
def missing_weights(root: Path, cfg: Config) -> None:
    cfg.model.backbone = dict(type='DeepLabV2ResNet', depth=18, pretrained='weights.pth')
    cfg.model.backbone.update(stem_channels=8, base_channels=8)
    cfg.model.decode_head.update(in_index=1, in_channels=16)


@fault('gta', 'error', 'model.backbone.pretrained', 'is not a readable weight file')
def damaged_weights(root: Path, cfg: Config) -> None:
    missing_weights(root, cfg)
    cfg.model.backbone.pretrained = str(root / 'weights.pth')
    (root / 'weights.pth').write_text('no weights')


@fault('gta', 'error', 'load_from', 'cannot be read')
def damaged_checkpoint(root: Path, cfg: Config) -> None:
    torch.save(dict(state_dict=dict(a=torch.zeros(1000))), root / 'source.pth')
    cut(root / 'source.pth')
    cfg.load_from = str(root / 'source.pth')


@fault('gta', 'error', 'work', 'GB free; the run writes about')
def full_disk(root: Path, cfg: Config) -> None:
    cfg.train_cfg.max_iters = 10**12
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=1)


@fault('gta', 'warning', 'work', 'already holds checkpoints of a run: iter_2.pth')
def used_work_dir(root: Path, cfg: Config) -> None:
    (root / 'work').mkdir()
    (root / 'work/iter_2.pth').touch()


@fault('gta', 'error', 'val_evaluator', 'missing')
def no_evaluator(root: Path, cfg: Config) -> None:
    cfg.pop('val_evaluator')


@fault('gta', 'error', 'val_dataloader.persistent_workers', 'num_workers is 0')
def persistent_without_workers(root: Path, cfg: Config) -> None:
    cfg.val_dataloader.persistent_workers = True


@fault('gta', 'error', 'model.type', 'EncoderDecoder trains on one domain')
def plain_model_on_pairs(root: Path, cfg: Config) -> None:
    cfg.model.type = 'EncoderDecoder'
    del cfg.model['guidance'], cfg.model['target_loss']


@pytest.mark.parametrize('name', FAULTS)
def test_fault_is_named(name: str, tmp_path: Path) -> None:
    """Level, file or field, and what was found; errors come with a remedy."""
    form, plant, level, where, words = FAULTS[name]
    cfg = FORMATS[form](tmp_path)
    plant(tmp_path, cfg)
    findings = run(cfg, tmp_path)
    described = '\n'.join(map(str, findings))
    fitting = [f for f in findings if where in f.where and all(w in f.what for w in words)]
    assert fitting, described
    assert {f.level for f in fitting} == {level}, described
    assert all(f.remedy for f in findings if f.level != 'note'), described
    if level != 'error':
        assert [f for f in findings if f.level == 'error'] == [], described


@pytest.mark.parametrize(
    'name',
    ['unknown_id', 'coloured_label', 'synthia_label_of_8_bits', 'grey_image', 'text_as_image',
     'label_of_another_size', 'images_that_share_a_label'],
)  # fmt: skip
def test_remedies_come_once(name: str, tmp_path: Path) -> None:
    """The loaders' own advice is not in the fact."""
    form, plant, *_ = FAULTS[name]
    cfg = FORMATS[form](tmp_path)
    plant(tmp_path, cfg)
    for finding in run(cfg, tmp_path):
        assert not re.search('; (take|copy|replace|remove|correct) ', finding.what), finding


@pytest.mark.parametrize('best', ['mIoU', 'auto', ['aAcc', 'few', 'IoU.road'], None])
def test_metrics_that_there_are(best: object, tmp_path: Path) -> None:
    cfg = gta(tmp_path)
    cfg.val_evaluator.subsets = dict(few=['road'])
    cfg.default_hooks.checkpoint.update(save_best=best, rule='greater')
    cfg.custom_hooks = [dict(type='UDAHook', priority='LOW')]
    cfg.param_scheduler = [POLY]
    assert [f for f in run(cfg, tmp_path) if f.kind.startswith('config')] == []
    cfg.val_evaluator = dict(type='IoUMetric', iou_metrics=['mFscore'])  # its names are unknown
    cfg.default_hooks.checkpoint.save_best = 'mFscore'
    assert [f for f in run(cfg, tmp_path) if f.kind.startswith('config')] == []


def test_half_of_data_prefix_is_a_sentence(tmp_path: Path) -> None:
    """The data set's own, as in training."""
    cfg = gta(tmp_path).train_dataloader.dataset.source
    cfg.data_prefix = dict(seg_map_path='labels')
    with pytest.raises(ValueError, match='data_prefix.img_path is missing'):
        DATASETS.build(cfg)


def test_another_city_is_not_suggested(tmp_path: Path) -> None:
    cfg = nthu(tmp_path)
    (tmp_path / 'nthu/Rome').rename(tmp_path / 'nthu/Taipei')
    missing = [f for f in run(cfg, tmp_path) if 'folder missing' in f.kind]
    assert len(missing) == 2
    assert not any('is it' in f.what for f in missing), missing


def test_all_problems_at_once(tmp_path: Path) -> None:
    """One fault does not hide another: of one file, of one domain, of several."""
    cfg = gta(tmp_path)
    plants = (empty_image, truncated_label, missing_label, unknown_id, unknown_subset)
    for plant in plants:
        plant(tmp_path, cfg)
    cfg.val_dataloader.dataset.data_root = 'nowhere'
    errors = [f for f in run(cfg, tmp_path) if f.level == 'error']
    places = ('00002.png', '00004.png', '00005.png', '00007.png', 'val_dataloader.dataset')
    for place in places:
        assert any(place in f.where for f in errors), (place, errors)
    assert len(errors) == len(places)


def test_processes_find_the_same(tmp_path: Path) -> None:
    cfg = gta(tmp_path)
    for plant in (empty_image, truncated_label, unknown_id):
        plant(tmp_path, cfg)
    alone, together = (run(cfg, tmp_path, workers=n) for n in (0, 2))
    assert alone == together
    assert sum(f.level == 'error' for f in alone) == 3


def test_crash_of_a_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file at which a process dies is named, the others are checked."""
    cfg = gta(tmp_path)
    empty_image(tmp_path, cfg)
    whole = FileCheck.__call__

    def crash(self: FileCheck, item: dict) -> FileReport:
        if item['img_path'].endswith('00006.png'):
            os._exit(1)
        return whole(self, item)

    monkeypatch.setattr(FileCheck, '__call__', crash)
    errors = [f for f in run(cfg, tmp_path, workers=2) if f.level == 'error']
    assert [Path(f.where).name for f in errors] == ['00002.png', '00006.png']
    assert 'died' in errors[1].what


def test_limit_still_pairs_all(tmp_path: Path) -> None:
    cfg = gta(tmp_path)
    empty_image(tmp_path, cfg)
    missing_label(tmp_path, cfg)
    where = [f.where for f in run(cfg, tmp_path, limit=1) if f.level == 'error']
    assert len(where) == 1 and where[0].endswith('labels/00005.png')
    assert spread(list(range(10)), 5) == [0, 2, 4, 6, 8]
    assert spread([1, 2], 5) == spread([1, 2], None) == [1, 2]


def test_concatenated_data_sets(tmp_path: Path) -> None:
    cfg = gta(tmp_path)
    other = dict(cfg.train_dataloader.dataset.source, data_root=str(make_gta5(tmp_path / 'more')))
    parts = [cfg.train_dataloader.dataset.source, other]
    cfg.train_dataloader.dataset.source = dict(type='ConcatDataset', datasets=parts)
    (tmp_path / 'more/images/00001.png').write_bytes(b'')
    errors = [f for f in run(cfg, tmp_path) if f.level == 'error']
    assert [f.kind for f in errors] == ['source 2: damaged images']


def test_decoders_may_not_notice(tmp_path: Path) -> None:
    """A file that was cut anywhere is found without decoding it; whole ones pass."""
    for name in ('a.png', 'a.jpg'):
        content = save_image(tmp_path / name, (24, 32), RNG).read_bytes()
        assert defect(content) is None
        for length in range(20, len(content) - 1, 7):
            assert defect(content[:length]) is not None, (name, length)


def command(*arguments: object, data: Path) -> subprocess.CompletedProcess:
    """The command line, with a tiny ResNet."""
    env = {**os.environ, 'MMSEG_MAXSQUARE_DATA': str(data), 'OMP_NUM_THREADS': '1'}
    env['PYTHONPATH'] = f'{REPO}{os.pathsep}{env.get("PYTHONPATH", "")}'
    script = [sys.executable, 'tools/check_data.py', *map(str, arguments)]
    return subprocess.run(script, cwd=REPO, env=env, capture_output=True, text=True)


def test_command_line(tmp_path: Path) -> None:
    """Exit codes, the report with every file, the shortened terminal, progress, sheets."""
    make_gta5(tmp_path / 'gta5', count=14)
    make_cityscapes(tmp_path / 'cityscapes')
    shrink = ['model.backbone.pretrained=None', 'model.backbone.depth=18']
    shrink += ['model.decode_head.in_channels=512', 'model.auxiliary_head.in_channels=256']
    options = ['configs/source_only/gta.py', '--work-dir', tmp_path / 'work', '--workers', 2]
    clean = command(*options, '--cfg-options', *shrink, data=tmp_path)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    out = tmp_path / 'work/check_data'
    assert clean.stdout.splitlines()[-1].startswith('0 errors, ')
    assert 'train: 14 of 14 images' in clean.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        'report.txt',
        'sheet_train.png',
        'sheet_val.png',
    ]
    for path in (tmp_path / 'gta5/labels').iterdir():
        path.write_bytes(b'')
    broken = command(*options, '--cfg-options', *shrink, data=tmp_path)
    assert broken.returncode == 1
    assert broken.stdout.count(': empty (0 bytes)') == 10
    assert '... and 4 more' in broken.stdout
    assert (out / 'report.txt').read_text().count(': empty (0 bytes)') == 14
    assert 'Traceback' not in broken.stdout + broken.stderr


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (None, 'config: no file'),
        ('x = (', 'cannot be read: SyntaxError'),
        ('x = nothing', 'cannot be read: NameError'),
        ("_base_ = './gone.py'", 'gone.py'),
        ('x = 1', 'train_dataloader: missing'),
        ("model = 'DeepLab'", 'cannot be checked'),
    ],
)
def test_broken_config_is_a_sentence(
    content: str | None,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    path = tmp_path / 'config.py'
    if content is not None:
        path.write_text(content)
    monkeypatch.setattr(sys, 'argv', ['check_data.py', str(path), '--work-dir', str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        check_data.main()
    output = capsys.readouterr()
    assert message in f'{end.value.code} {output.out}'
    assert end.value.code not in (0, None)
