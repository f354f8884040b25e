"""What looks odd and is sound: for the doctor, and for a training."""

import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.helpers.tiny_data import save_image, train_pipeline
from tests.test_runs.error_cases import Place

RNG = np.random.default_rng(7)
SOUND: dict[str, Callable[[Place], None]] = {}


def sound(plant: Callable[[Place], None]) -> Callable[[Place], None]:
    """Register what a function makes of a run."""
    SOUND[plant.__name__] = plant
    return plant


def photographs(here: Place, name: str, content: bytes) -> None:
    """A target folder of one file."""
    (here.root / 'photos').mkdir(exist_ok=True)
    (here.root / 'photos' / name).write_bytes(content)
    here.cfg.train_dataloader.dataset.target = dict(
        type='ImageFolderDataset',
        data_root=str(here.root / 'photos'),
        pipeline=train_pipeline(labels=False),
    )


@sound
def mosaics(here: Place) -> None:
    pair = here.cfg.train_dataloader.dataset
    mosaic, pack = (
        dict(type='RandomMosaic', prob=1.0, img_scale=(24, 32)),
        dict(type='PackSegInputs'),
    )
    for name in ('source', 'target'):
        inner = {**pair[name], 'pipeline': pair[name].pipeline[:-1]}
        pair[name] = dict(type='MultiImageMixDataset', dataset=inner, pipeline=[mosaic, pack])


@sound
def repeated_until_a_batch_is_full(here: Place) -> None:
    pair = here.cfg.train_dataloader.dataset
    pair.source = dict(type='RepeatDataset', times=10, dataset=pair.source)
    here.cfg.train_dataloader.update(batch_size=5, drop_last=True)


@sound
def motion_photograph(here: Place) -> None:
    """A video behind the image, in which the marker of image data occurs by chance."""
    path = here.root / 'a.jpg'
    save_image(path, (24, 32), RNG)
    video = b'....ftypmp42' + RNG.integers(0, 256, 2000, np.uint8).tobytes() + b'\xff\xda..'
    photographs(here, 'a.jpg', path.read_bytes() + video)


@sound
def preview_and_zeros(here: Place) -> None:
    path = here.root / 'a.jpg'
    save_image(path, (24, 32), RNG)
    content = path.read_bytes()
    preview = b'\xff\xe1' + struct.pack('>H', len(content) + 2) + content
    photographs(here, 'a.jpg', content[:2] + preview + content[2:] + bytes(20))


@sound
def wrong_checksum_of_a_text(here: Place) -> None:
    path = here.root / 'a.png'
    Image.fromarray(RNG.integers(0, 256, (24, 32, 3), np.uint8)).save(path)
    content, text = path.read_bytes(), b'tEXta\0b'
    chunk = struct.pack('>I', len(text) - 4) + text + struct.pack('>I', zlib.crc32(text) ^ 1)
    photographs(here, 'a.png', content[:33] + chunk + content[33:])


@sound
def test_folder_is_not_there(here: Place) -> None:
    here.cfg.test_dataloader = here.cfg.test_dataloader.to_dict()
    here.cfg.test_dataloader.dataset.data_root = str(here.root / 'nowhere')


@sound
def test_set_without_labels(here: Place) -> None:
    here.cfg.test_dataloader = here.cfg.test_dataloader.to_dict()
    here.cfg.test_dataloader.dataset.update(
        pipeline=train_pipeline(labels=False), data_prefix=dict(img_path='leftImg8bit/train')
    )
    here.cfg.test_evaluator = dict(type='IoUMetric', format_only=True, output_dir='out')
