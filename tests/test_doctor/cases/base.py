"""Clean data in every format, and what a fault in them is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from mmengine.config import Config
from PIL import Image

from tests.helpers.tiny_data import (
    make_camvid,
    make_cityscapes,
    make_gta5,
    make_nthu,
    make_synthia,
    save_image,
    train_pipeline,
)
from tests.helpers.tiny_models import head_cfg, low_head_cfg, uda_cfg

RNG = np.random.default_rng(99)  # other images than tiny_data's
POLY = dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=5, by_epoch=False)
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
                batch_size=2,
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
                checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2, max_keep_ckpts=1)
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


def rewrite(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Change the pixels of a file."""
    with Image.open(path) as image:
        pixels = np.array(image)
    Image.fromarray(change(pixels)).save(path)


def cut(path: Path, share: float = 0.6) -> None:
    """Leave the first part of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])


# Faults: format, what is planted, level, file or field, words of the finding.
FAULTS: dict[str, tuple] = {}


def fault(form: str, level: str, where: str, *words: str) -> Callable:
    """Register what a function ``(root, cfg)`` plants."""

    def register(plant: Callable[[Path, Config], None]) -> Callable:
        FAULTS[plant.__name__] = (form, plant, level, where, words)
        return plant

    return register
