"""A tiny model with its config and weights, and photographs to adapt it to."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmseg_maxsquare.cli.main import main

from tests.helpers.tiny_data import save_image, save_label
from tests.helpers.tiny_models import CLASSES, build_model, plain_cfg

SIZE = (48, 64)  # height, width
META = dict(
    classes=[f'class {i}' for i in range(CLASSES)],
    palette=[[50 * i, 10, 200 - 50 * i] for i in range(CLASSES)],
)


class Place(NamedTuple):
    """A folder with ``config.py``, ``model.pth``, ``photos`` and ``labels``."""

    root: Path
    cfg: Config

    def write(self) -> None:
        """Write the config as it is now."""
        (self.root / 'config.py').write_text(self.cfg.pretty_text)

    def adapt(
        self, *options: str, out: str = 'out', target: str = 'photos', fields: Sequence[str] = ()
    ) -> Path:
        """Run the command; its results.

        Args:
            options: Of the command.
            out: Folder of the results.
            target: Of the command.
            fields: For ``--cfg-options``.
        """
        name = f'experiment_name={self.root.parent.name}_{self.root.name}_{out}'
        words = ['config.py', 'model.pth', target, '--out', out, '--steps', '4', *options]
        main(['adapt', *words, '--cfg-options', name, 'train_dataloader.num_workers=0',
              'train_dataloader.persistent_workers=False', *fields])  # fmt: skip
        return self.root / out


def make_place(root: Path, patch: pytest.MonkeyPatch, photos: int = 12, **model: object) -> Place:
    """Write all files; the weights are random, with confident predictions."""
    patch.chdir(root)
    patch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '1')  # which the command leaves set
    patch.setenv('LOCAL_RANK', '0')
    rng = np.random.default_rng(0)
    for i in range(photos):
        name = f'{"ab"[2 * i // photos]}/{i:02d}'
        save_image(root / f'photos/{name}.png', SIZE, rng)
        label = rng.integers(0, CLASSES, SIZE, dtype=np.uint8)
        label[:4] = 255
        save_label(root / f'labels/{name}.png', label)
    data = dict(
        type='BaseSegDataset',
        metainfo=META,
        data_root='nowhere',
        data_prefix=dict(img_path='images', seg_map_path='labels'),
    )
    resize = dict(type='Resize', scale=SIZE[::-1])
    steps = [dict(type='LoadImageFromFile'), resize, dict(type='LoadAnnotations')]
    loader = dict(batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
    crop = dict(type='RandomCrop', crop_size=(32, 32))
    pack = dict(type='PackSegInputs')
    cfg = Config(
        dict(
            default_scope='mmseg',
            model=plain_cfg(**model),
            train_dataloader=dict(loader, dataset=dict(data, pipeline=[*steps, crop, pack])),
            test_dataloader=dict(loader, dataset=dict(data, pipeline=[*steps, pack])),
            val_dataloader=dict(loader, dataset=dict(data, pipeline=[*steps, pack])),
        )
    )
    weights = build_model(cfg.model, spread=1.0).state_dict()
    torch.save(dict(state_dict=weights, meta=dict(iter=7)), root / 'model.pth')
    place = Place(root, cfg)
    place.write()
    return place


def add_source(place: Place, images: int = 3) -> None:
    """Write the source data that the config names."""
    rng = np.random.default_rng(1)
    for i in range(images):
        save_image(place.root / f'nowhere/images/{i}.jpg', SIZE, rng)
        label = rng.integers(0, CLASSES, SIZE, dtype=np.uint8)
        save_label(place.root / f'nowhere/labels/{i}.png', label)


def weights(path: Path) -> dict[str, torch.Tensor]:
    """Tensors of a checkpoint."""
    return torch.load(path, weights_only=True)['state_dict']
