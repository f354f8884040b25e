"""What a fault is, and the sound run in which it is planted."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

import pytest
from mmengine.config import Config

from tests.helpers.tiny_data import make_cityscapes, make_gta5, train_pipeline
from tests.helpers.tiny_models import head_cfg, low_head_cfg, uda_cfg

SOURCE, TARGET = (f'train_dataloader.dataset.{name}' for name in ('source', 'target'))


class Place(NamedTuple):
    """Where a fault is planted.

    Attributes:
        root: Folder with ``gta5``, ``city`` and, if a run is made, ``work``.
        cfg: Config of a run that is sound.
        patch: For what files cannot show.
    """

    root: Path
    cfg: Config
    patch: pytest.MonkeyPatch

    @property
    def image(self) -> Path:
        """An image that is read while the run goes on."""
        return self.root / 'gta5/images/00002.png'

    @property
    def label(self) -> Path:
        """Its label."""
        return self.root / 'gta5/labels/00002.png'


class Case(NamedTuple):
    """A fault.

    Attributes:
        message: As the page has it, with ``<what differs>``.
        plant: Puts the fault into the files or the config.
        command: Behind ``mmseg-maxsquare``; CONFIG stands for the config's file.
    """

    message: str
    plant: Callable[[Place], None]
    command: str


CASES: dict[str, Case] = {}
TRAIN = 'train CONFIG'


def fault(message: str, command: str = TRAIN) -> Callable:
    """Register the fault that a function plants."""

    def register(plant: Callable[[Place], None]) -> Callable:
        assert plant.__name__ not in CASES
        CASES[plant.__name__] = Case(message, plant, command)
        return plant

    return register


def fields(message: str, **cases: dict) -> None:
    """Register faults that are other values of fields."""
    for name, values in cases.items():
        assert name not in CASES
        CASES[name] = Case(
            message,
            # A copy: mmengine takes _delete_ out of what it merges.
            lambda place, values=values: place.cfg.merge_from_dict(deepcopy(values)),
            TRAIN,
        )


def make_place(root: Path, patch: pytest.MonkeyPatch) -> Place:
    """A run of three steps on a tiny GTA5 and Cityscapes."""
    make_gta5(root / 'gta5')
    make_cityscapes(root / 'city', labels={'val': 'labelIds'})
    data = dict(data_root=str(root / 'city'), type='CityscapesLabelIdDataset')
    val = dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val')
    source = dict(type='GTA5Dataset', data_root=str(root / 'gta5'), pipeline=train_pipeline())
    target = dict(data, pipeline=train_pipeline(labels=False))
    heads = head_cfg(num_classes=19), low_head_cfg(num_classes=19)
    loader = dict(batch_size=1, num_workers=0)
    val_loader = dict(
        loader,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(data, data_prefix=val, pipeline=train_pipeline()),
    )
    cfg = dict(
        default_scope='mmseg',
        experiment_name=root.name,  # of logger and visualizer, which are global
        work_dir=str(root / 'work'),
        log_level='ERROR',
        model=uda_cfg(decode_head=heads[0], auxiliary_head=heads[1], guidance=dict(head=0)),
        train_dataloader=dict(
            loader,
            sampler=dict(type='UDASampler'),
            dataset=dict(type='UDADataset', source=source, target=target),
        ),
        val_dataloader=val_loader,
        test_dataloader=val_loader,
        val_evaluator=dict(type='SubsetIoUMetric', subsets={}),
        test_evaluator=dict(type='SubsetIoUMetric', subsets={}),
        train_cfg=dict(type='ResumableTrainLoop', max_iters=3, val_interval=3),
        val_cfg=dict(type='ValLoop'),
        test_cfg=dict(type='TestLoop'),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        param_scheduler=[],
        default_hooks=dict(
            checkpoint=dict(type='OracleCheckpointHook', by_epoch=False, interval=2),
        ),
        randomness=dict(seed=0),
    )
    return Place(root, Config(cfg), patch)
