"""Scores a model with labels of target images; nothing is chosen by it."""

import torch
from mmseg.registry import DATASETS
from torch import nn

from mmseg_maxsquare.engine.held_out import confusion, logits_of, mean_iou
from mmseg_maxsquare.runs.progress import progress

from .labels import Labels


def score(model: nn.Module, dataset: dict, labels: Labels) -> float:
    """mIoU in percent over all labelled images.

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
            counts += confusion(logits_of(model, sample), torch.from_numpy(labels.read(path)))
            advance()
    return mean_iou(counts)
