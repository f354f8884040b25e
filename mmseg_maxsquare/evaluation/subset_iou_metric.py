"""mIoU with the IoU of each class under its own name."""

from collections.abc import Sequence

import numpy as np
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS


@METRICS.register_module()
class SubsetIoUMetric(IoUMetric):
    """mmseg's mIoU, also over named subsets of the classes, and each class's IoU.

    All values are percentages. A class that neither occurs in the labels nor is
    predicted has IoU NaN and is left out of the means, as mmseg does.

    Args:
        subsets: Class names by metric name, such as
            ``dict(mIoU13=['road', ...])``. Defaults to None, all classes only.
        **kwargs: As for :class:`IoUMetric`.
    """

    def __init__(self, subsets: dict[str, Sequence[str]] | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.subsets = subsets or {}

    def compute_metrics(self, results: list) -> dict[str, float]:
        """``aAcc``, ``mIoU``, ``mAcc``, the subsets' means and ``IoU.CLASS``.

        Raises:
            ValueError: If a subset names a class that the data set lacks.
        """
        metrics = dict(super().compute_metrics(results))
        if self.format_only:
            return metrics
        intersect, union = (np.sum([r[i].numpy() for r in results], axis=0) for i in (0, 1))
        with np.errstate(invalid='ignore'):
            ious = dict(zip(self.dataset_meta['classes'], 100 * intersect / union, strict=True))
        for name, classes in self.subsets.items():
            unknown = sorted(set(classes) - set(ious))
            if unknown:
                raise ValueError(f'subset {name} names classes {unknown}; there are {list(ious)}')
            metrics[name] = float(np.nanmean([ious[c] for c in classes]))
        return metrics | {f'IoU.{name}': float(value) for name, value in ious.items()}
