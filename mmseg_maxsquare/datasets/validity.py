"""Which pixels of a target image are those of the photograph.

Steps such as ``Pad``, ``RandomRotate`` and ``RandomCutOut`` fill pixels in. mmseg marks them in
the label map, as ignored. A target image has no labels, so it gets a map of its own: VALID on every
pixel when the image is loaded, carried through the pipeline as a label map is, and something else
where a step has filled pixels in: 255, whatever its fields say. Target loss, guidance, anchor and
hooks leave those out.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmcv.transforms.base import BaseTransform
from mmengine.structures import PixelData
from mmseg.datasets.transforms import LoadAnnotations, RandomRotFlip
from mmseg.structures import SegDataSample
from torch.utils.data import Dataset

from .loading import IGNORE
from .rotation import RotFlip

VALID = 173  # a value with which nobody fills label maps
FILLS = ('seg_pad_val', 'seg_fill_in')  # fields of steps: how they fill a label map
FIELD = 'filled'  # of a data sample: boolean (1, H, W), True where pixels were filled in


class MarkPixels(BaseTransform):
    """Adds the map of valid pixels in the place of a label map."""

    def transform(self, results: dict) -> dict:
        """Set ``results['gt_seg_map']``, uint8 ``(H, W)``, to VALID."""
        results['gt_seg_map'] = np.full(results['img'].shape[:2], VALID, np.uint8)
        results['seg_fields'] = ['gt_seg_map']
        results.setdefault('reduce_zero_label', False)
        return results


def mark_pixels(dataset: Dataset) -> None:
    """Make the pipelines of a target data set, and of those inside it, carry the map.

    Labels are no longer read.

    Args:
        dataset: A built data set or wrapper of data sets, which is changed.
    """
    _change(dataset, _marking)


def ignore_filled(dataset: Dataset | None) -> None:
    """Make steps of a source data set mark the pixels that they fill in as ignored.

    Our data sets do so themselves (see :func:`~.loading.strict`).

    Args:
        dataset: As for :func:`mark_pixels`; None for none.
    """
    _change(dataset, _ignoring)


Change = Callable[[Any], list]  # the steps in the place of a step


def _change(dataset: Any, change: Change) -> None:
    """Change the pipelines of a data set and of those inside it."""
    for part in (*getattr(dataset, 'datasets', ()), getattr(dataset, 'dataset', None)):
        if part is not None:
            _change(part, change)
    pipeline = getattr(dataset, 'pipeline', None)
    if pipeline is not None:
        _change_steps(pipeline, change)


def _change_steps(steps: Any, change: Change) -> None:
    """Change a list of steps, or the steps inside a Compose or another step, in place."""
    if isinstance(steps, list):
        for step in steps:
            _change_steps(step, change)
        steps[:] = [part for step in steps for part in change(step)]
        return
    for name in ('transforms', 'transform_list'):
        inner = getattr(steps, name, None)
        if inner is not None:
            _change_steps(inner, change)


def _marking(step: Any) -> list:
    if isinstance(step, LoadAnnotations):
        return []
    if isinstance(step, LoadImageFromFile):
        return [step, MarkPixels()]
    _fill_as_ignored(step)
    return [step]


def _ignoring(step: Any) -> list:
    if type(step) is not RandomRotFlip:
        return [step]
    return [RotFlip(step.rotate_prob, step.flip_prob, step.degree)]


def _fill_as_ignored(step: Any) -> None:
    for field in FILLS:
        if hasattr(step, field):
            setattr(step, field, IGNORE)
    if isinstance(getattr(step, 'pad_val', None), dict):
        step.pad_val = {**step.pad_val, 'seg': IGNORE}


def move_map(sample: SegDataSample) -> None:
    """Turn the packed map of a sample into its field FIELD; nothing if all pixels are valid."""
    if 'gt_sem_seg' not in sample:
        return
    filled = sample.gt_sem_seg.data != VALID
    del sample.gt_sem_seg
    if filled.any():
        sample.set_data({FIELD: PixelData(data=filled)})
