"""Makes the config of an adaptation from the config that trained the model."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmseg_maxsquare.models.uda_model import UDA_FIELDS

from .pipelines import type_name
from .request import METHODS, Request

MODELS = {
    'EncoderDecoder': 'UDAEncoderDecoder',
    'CascadeEncoderDecoder': 'UDACascadeEncoderDecoder',
}
PACKAGE = 'mmseg_maxsquare'
BETA = 0.3  # weight of the class-share anchor
# The published statistics are the target's; see docs/guides/adapt.md for the weight.
SOURCE_PART = dict(source_weight=0.1, source_statistics=False)
LOOK_EVERY = 25


@dataclass(frozen=True)
class Images:
    """Target images as a data set reads them.

    Attributes:
        train: File that lists the images to train on.
        held_out: File that lists the images to look at.
        look_pipeline: Pipeline of the images to look at.
        train_pipeline: Pipeline of the images to train on.
        looks: Number of images to look at.
        metainfo: Classes and palette.
    """

    train: Path
    held_out: Path
    look_pipeline: list[dict]
    train_pipeline: list[dict]
    looks: int
    metainfo: dict[str, Any]

    def dataset(self, part: str) -> dict:
        """Config of the images of a part, ``'train'`` or ``'held_out'``."""
        pipeline = self.train_pipeline if part == 'train' else self.look_pipeline
        return dict(
            type='ImageFolderDataset',
            ann_file=str(getattr(self, part).resolve()),
            metainfo=self.metainfo,
            pipeline=pipeline,
        )


def adaptation_config(cfg: Config, request: Request, images: Images) -> Config:
    """The config of an adaptation, for the command ``train``.

    Args:
        cfg: The user's.
        request: What was asked for.
        images: The target images.

    Raises:
        ValueError: If the model of the config cannot be adapted.
    """
    source = deepcopy(cfg.train_dataloader.dataset.to_dict()) if request.with_source else None
    return Config(
        dict(
            default_scope=cfg.get('default_scope') or 'mmseg',
            custom_imports=joined_imports(cfg),
            env_cfg=dict(
                cudnn_benchmark=False,
                mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
                dist_cfg=dict(backend='nccl'),
            ),
            visualizer=dict(
                type='SegLocalVisualizer',
                vis_backends=[dict(type='LocalVisBackend')],
                name='visualizer',
            ),
            log_processor=dict(by_epoch=False),
            log_level='INFO',
            randomness=dict(seed=request.seed),
            load_from=str(Path(request.checkpoint).resolve()),
            resume=False,
            model=adapting_model(cfg, request),
            train_dataloader=dict(
                batch_size=2,
                num_workers=2,
                persistent_workers=True,
                sampler=dict(type='UDASampler'),
                dataset=dict(type='UDADataset', source=source, target=images.dataset('train')),
            ),
            optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=request.lr)),
            param_scheduler=[],
            train_cfg=dict(type='ResumableTrainLoop', max_iters=request.steps),
            default_hooks=dict(
                timer=dict(type='IterTimerHook'),
                logger=dict(type='LoggerHook', interval=25, log_metric_by_epoch=False),
                param_scheduler=dict(type='ParamSchedulerHook'),
                checkpoint=dict(
                    type='OracleCheckpointHook', by_epoch=False, interval=50, max_keep_ckpts=1
                ),
                finite=dict(type='NonFiniteHook'),
                sampler_seed=dict(type='DistSamplerSeedHook'),
            ),
            custom_hooks=[guard(cfg, request, images)],
            model_wrapper_cfg=dict(type='UDADistributedDataParallel'),
        )
    )


def guard(cfg: Config, request: Request, images: Images) -> dict:
    """The guard; with source it also scores the labelled validation images of the config."""
    hook = dict(
        type='GuardHook',
        dataset=images.dataset('held_out'),
        interval=LOOK_EVERY,
        images=images.looks,
    )
    if request.with_source and cfg.get('val_dataloader'):
        hook['source'] = deepcopy(cfg.val_dataloader.dataset.to_dict())
    return hook


def joined_imports(cfg: Config) -> dict:
    """The config's ``custom_imports`` and ours."""
    own = cfg.get('custom_imports') or {}
    imports = own.get('imports') or []
    imports = [imports] if isinstance(imports, str) else list(imports)
    return dict(
        imports=[*imports, *([] if PACKAGE in imports else [PACKAGE])],
        allow_failed_imports=False,
    )


def plain_segmentor(cfg: Config) -> dict:
    """The user's model without weights to fetch, for any device and any one process.

    Raises:
        ValueError: If it is no segmentor that classifies each pixel.
    """
    model: dict[str, Any] = without_pretrained(cfg.model.to_dict())
    name = type_name(model).removeprefix('UDA')
    if name not in MODELS:
        raise ValueError(
            f'model.type: {type_name(model)} cannot be adapted; supported are '
            f'{" and ".join(MODELS)}'
        )
    for key in UDA_FIELDS:
        model.pop(key, None)
    return {**model, 'type': name}


def adapting_model(cfg: Config, request: Request) -> dict:
    """The user's model as one that learns from target images."""
    model = plain_segmentor(cfg)
    if not request.with_source:
        model['auxiliary_head'] = None  # trained by labels alone
    preprocessor = dict(model.get('data_preprocessor') or {})
    if preprocessor.get('size') is not None:
        # Images are padded as little as possible: padding enters the batch statistics.
        preprocessor.update(size=None, size_divisor=32)
    preprocessor['type'] = 'SegDataPreProcessor'
    return {
        **model,
        'type': MODELS[model['type']],
        'data_preprocessor': preprocessor,
        'target_loss': dict(METHODS[request.method]),
        'anchor': dict(loss_weight=BETA),
        'trained_params': request.params,
        **(SOURCE_PART if request.with_source else {}),
    }


def without_pretrained(value: Any) -> Any:
    """A part of a config without weights to fetch, and with BN in place of SyncBN.

    The checkpoint replaces those weights anyway, and SyncBN does not train on a CPU; the
    parameters have the same names.
    """
    if isinstance(value, dict):
        if type_name(value) == 'SyncBN':
            return {**value, 'type': 'BN'}
        if type_name(value) == 'Pretrained':
            return None
        return {
            key: None if key == 'pretrained' else without_pretrained(part)
            for key, part in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        parts = [without_pretrained(part) for part in value]
        return [part for part in parts if part is not None] if parts != list(value) else value
    return value
