"""Keeps how every image of the latest validation was scored."""

import io
from pathlib import Path

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from .atomic_files import AtomicBackend

FILE = 'image_areas.npz'


@HOOKS.register_module()
class ImageAreasHook(Hook):
    """Writes the areas of each image of the latest validation to the work dir.

    ``image_areas.npz`` holds ``intersection`` and ``union``, int64 ``(images, classes)`` in
    pixels, the images in the order of the data set, and ``classes``, their names. Sums over
    any images give their IoU, as for a bootstrap over images. Needs a
    :class:`~mmseg_maxsquare.evaluation.SubsetIoUMetric`.
    """

    priority = 'LOW'

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Write the file."""
        if not is_main_process():
            return
        for metric in runner.val_evaluator.metrics:
            areas = getattr(metric, 'image_areas', None)
            if areas is None:
                continue
            buffer = io.BytesIO()
            np.savez_compressed(
                buffer,
                intersection=areas[:, 0],
                union=areas[:, 1],
                classes=np.array(metric.dataset_meta['classes']),
            )
            AtomicBackend().put(buffer.getvalue(), Path(runner.work_dir) / FILE)
