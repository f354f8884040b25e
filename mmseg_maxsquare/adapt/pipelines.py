"""Pipelines for target images, derived from those of the user's config."""

from copy import deepcopy
from typing import Any

from mmengine.config import Config
from mmengine.dataset import Compose
from mmseg.registry import DATASETS

from mmseg_maxsquare.runs.class_list import leaves
from mmseg_maxsquare.runs.errors import one_line

# Steps that need labels, or only say how a test is scored.
LABEL_STEPS = ('LoadAnnotations', 'EvaluationProtocol', 'LoadLabelIds', 'LoadDepthAnnotation')
LAST = 'PackSegInputs'
PIPELINE = 'test_dataloader.dataset.pipeline'  # from which that of the images is taken


def type_name(step: object) -> str:
    """Name of the class of a part of a config, without its scope or module."""
    kind = step.get('type') if isinstance(step, dict) else None
    name = kind if isinstance(kind, str) else getattr(kind, '__name__', '')
    return name.rpartition('.')[2]


def image_pipeline(cfg: Config) -> list[dict]:
    """The test pipeline without labels, from loading an image to packing it.

    Raises:
        ValueError: If the config has no usable test pipeline.
    """
    for loader in ('test_dataloader', 'val_dataloader'):
        dataset = (cfg.get(loader) or {}).get('dataset')
        steps = leaf(dataset).get('pipeline') if isinstance(dataset, dict) else None
        if steps:
            kept = [dict(deepcopy(step)) for step in steps if type_name(step) not in LABEL_STEPS]
            if not kept or type_name(kept[-1]) != LAST:
                raise ValueError(
                    f'{loader}.dataset.pipeline: must end with {LAST}, found '
                    f'{[type_name(step) for step in steps]}'
                )
            return [*kept[:-1], dict(type=LAST)]
    raise ValueError(
        'the config has neither test_dataloader nor val_dataloader with a pipeline, from which the '
        'size of the target images is taken; add one'
    )


def built_pipeline(steps: list[dict]) -> Compose:
    """The transforms of a pipeline, with our loaders of images.

    Raises:
        ValueError: If one of them cannot be built.
    """
    try:
        dataset = dict(type='ImageFolderDataset', data_root='.', pipeline=steps, lazy_init=True)
        return DATASETS.build(dataset).pipeline
    except Exception as error:  # a transform can be anybody's
        unknown = 'is not in the' in str(error)
        remedy = (
            'correct the name, or add its module to custom_imports' if unknown else 'correct it'
        )
        raise ValueError(f'{PIPELINE}: {one_line(error).rstrip(".")}; {remedy}') from None


def training_pipeline(images: list[dict], crop: tuple[int, int] | None) -> list[dict]:
    """The same with a random crop, if there is one, and a random mirror image.

    Args:
        images: See :func:`image_pipeline`.
        crop: (height, width).
    """
    crops = [] if crop is None else [dict(type='RandomCrop', crop_size=crop)]
    return [*images[:-1], *crops, dict(type='RandomFlip', prob=0.5), images[-1]]


def crop_of(cfg: Config) -> tuple[int, int] | None:
    """(height, width) that the config trains on; None if it trains on whole images."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset')
    for step in leaf(dataset).get('pipeline') or () if isinstance(dataset, dict) else ():
        if type_name(step) == 'RandomCrop':
            return _pair(step['crop_size'])
    size = (cfg.model.get('data_preprocessor') or {}).get('size')
    test = cfg.model.get('test_cfg') or {}
    if size is not None:
        return _pair(size)
    return _pair(test['crop_size']) if test.get('mode') == 'slide' else None


def leaf(dataset: dict) -> dict:
    """The first data set inside wrappers such as RepeatDataset and ConcatDataset."""
    return next(leaves(dataset))


def _pair(size: Any) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else size
    return int(height), int(width)
