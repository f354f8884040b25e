"""Statistics per class from one pass over a test set: confusions, pixels, confidence."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import torch
from mmseg.structures import SegDataSample
from torch import Tensor

IGNORED = 255


@dataclass(frozen=True)
class ClassStatistics:
    """Sums over the pixels of one or more images; ``+`` adds them up.

    Attributes:
        confusion: Labelled pixels by label (row) and prediction (column), int64 ``(C, C)``.
        predicted: Pixels predicted as each class, labelled or not, int64 ``(C,)``.
        confidence: Sum of their highest probability, float64 ``(C,)``.
    """

    confusion: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray

    def __add__(self, other: 'ClassStatistics') -> 'ClassStatistics':
        return ClassStatistics(
            self.confusion + other.confusion,
            self.predicted + other.predicted,
            self.confidence + other.confidence,
        )

    @property
    def labelled(self) -> np.ndarray:
        """Pixels of each class in the labels, ``(C,)``."""
        return self.confusion.sum(1)

    @property
    def iou(self) -> np.ndarray:
        """Intersection over union in percent, ``(C,)``; NaN if neither labelled nor predicted."""
        correct = self.confusion.diagonal()
        union = self.labelled + self.confusion.sum(0) - correct
        with np.errstate(invalid='ignore'):
            return 100 * correct / union

    @property
    def mean_confidence(self) -> np.ndarray:
        """Mean of the highest probability, over the pixels *predicted* as each class, ``(C,)``.

        In percent; NaN for a class that is never predicted. Labels are not used.
        """
        with np.errstate(invalid='ignore'):
            return 100 * self.confidence / self.predicted


def image_statistics(logits: Tensor, labels: Tensor) -> ClassStatistics:
    """Statistics of one image.

    Args:
        logits: Scores before softmax, ``(C, H, W)``.
        labels: Class indices, or 255 for pixels that do not count, ``(H, W)``.

    Raises:
        ValueError: If the sizes differ, or a label is not a class.
    """
    if labels.shape != logits.shape[1:]:
        raise ValueError(
            f'the label has size {tuple(labels.shape)}, the prediction {tuple(logits.shape[1:])}'
        )
    classes = len(logits)
    confidence, predicted = (values.flatten() for values in logits.softmax(0).max(0))
    labels = labels.flatten().long()
    counted = labels != IGNORED
    unknown = labels[counted & ((labels < 0) | (labels >= classes))].unique().tolist()
    if unknown:
        raise ValueError(f'the label holds {unknown}; the {classes} classes are 0 to {classes - 1}')
    pairs = classes * labels[counted] + predicted[counted]
    return ClassStatistics(
        torch.bincount(pairs, minlength=classes**2).view(classes, classes).cpu().numpy(),
        torch.bincount(predicted, minlength=classes).cpu().numpy(),
        torch.bincount(predicted, confidence.double(), minlength=classes).cpu().numpy(),
    )


def class_statistics(samples: Iterable[SegDataSample]) -> ClassStatistics:
    """Statistics of a test set, with one image in memory at a time.

    Raises:
        ValueError: If an image has no label, or one that does not fit; names the image.
    """
    return reduce(add, map(_of_sample, samples))


def _of_sample(sample: SegDataSample) -> ClassStatistics:
    if 'gt_sem_seg' not in sample:
        raise ValueError(
            f'{sample.img_path}: the test data have no labels; IoU needs a test_dataloader '
            'whose pipeline has LoadAnnotations'
        )
    try:
        return image_statistics(sample.seg_logits.data, sample.gt_sem_seg.data[0])
    except ValueError as error:
        raise ValueError(f'{sample.img_path}: {error}; correct the test pipeline') from None
