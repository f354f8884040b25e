"""Scores a model with labels of target images; nothing is chosen by it."""

import numpy as np
import torch
from mmseg.registry import DATASETS
from torch import nn
from torch.nn.functional import interpolate

from mmseg_maxsquare.datasets.loading import IGNORE
from mmseg_maxsquare.engine.held_out import mean_iou
from mmseg_maxsquare.runs.progress import progress

from .examples import logits_of
from .labels import Labels


def score(model: nn.Module, dataset: dict, labels: Labels) -> float:
    """mIoU in percent over all labelled images.

    Args:
        model: In eval mode.
        dataset: Config of a data set of target images; only its pipeline is used.
        labels: The images and their label files.
    """
    classes = len(labels.classes)
    counts = np.zeros((classes, classes), dtype=np.int64)
    pipeline = DATASETS.build({**dataset, 'lazy_init': True}).pipeline
    with progress('score', len(labels.pairs)) as advance, torch.no_grad():
        for image, path in labels.pairs:
            truth = labels.read(path)
            sample = pipeline(dict(img_path=str(image), seg_fields=[]))
            logits = interpolate(
                logits_of(model, sample), truth.shape, mode='bilinear', align_corners=False
            )
            predicted = logits.argmax(1)[0].cpu().numpy()
            known = truth != IGNORE
            index = truth[known].astype(np.int64) * classes + predicted[known]
            counts += np.bincount(index, minlength=classes**2).reshape(classes, classes)
            advance()
    return mean_iou(torch.from_numpy(counts))
