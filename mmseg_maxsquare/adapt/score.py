"""Scores a model with labels of target images; nothing is chosen by it."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmseg.registry import DATASETS
from torch import nn

from mmseg_maxsquare.datasets import LoadImage
from mmseg_maxsquare.datasets.loading import IGNORE
from mmseg_maxsquare.engine import check_checkpoint
from mmseg_maxsquare.engine.held_out import confusion, mean_iou
from mmseg_maxsquare.runs.class_list import class_list
from mmseg_maxsquare.runs.progress import progress

from .labels import Labels, find_labels
from .predict_image import predict_one
from .request import Request


def labels_of(cfg: Config, request: Request, images: list[Path]) -> Labels:
    """The label files of images, all of them read once.

    Args:
        cfg: The user's config.
        request: Names the folder of the labels.
        images: Absolute paths.

    Raises:
        ValueError: If the folder is missing or fits no image, or a file is no label of its image.
    """
    meta = class_list(cfg, check_checkpoint(request.checkpoint).get('meta') or {})
    labels = find_labels(cfg, Path(request.labels or ''), images, Path(request.target), meta)
    load, some = LoadImage(), False
    for image, path in labels.pairs:
        found, expected = labels.read(path).shape, load(dict(img_path=str(image)))['ori_shape']
        if found != tuple(expected):
            raise ValueError(
                f'--labels: {path} has {found[1]} x {found[0]} pixels, its image {image} '
                f'{expected[1]} x {expected[0]}; give labels of the size of the images'
            )
        some = some or bool((labels.read(path) != IGNORE).any())
    if not some:
        raise ValueError(
            f'--labels: all pixels of the {len(labels.pairs)} label files in {request.labels} are '
            'ignored; give labels that have the classes of the model'
        )
    return labels


def score(model: nn.Module, dataset: dict, labels: Labels) -> float:
    """mIoU in percent over all labelled images, of what ``predict`` writes for them.

    Args:
        model: In eval mode.
        dataset: Config of a data set of target images; only its pipeline is used.
        labels: The images and their label files.
    """
    pipeline = DATASETS.build({**dataset, 'lazy_init': True}).pipeline
    classes = len(labels.classes)
    counts = torch.zeros(classes, classes, dtype=torch.long)
    with progress('score', len(labels.pairs)) as advance, torch.no_grad():
        for image, path in labels.pairs:
            sample = pipeline(dict(img_path=str(image), seg_fields=[]))
            predicted = predict_one(model, sample, tta=False, probabilities=False).labels
            truth = torch.from_numpy(labels.read(path))
            counts += confusion(torch.from_numpy(predicted), truth, classes)
            advance()
    return mean_iou(counts)
