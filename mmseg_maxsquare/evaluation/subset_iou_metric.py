"""mIoU over named subsets of the classes, with the IoU of each class under its own name."""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.logging import print_log
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS

from .named_outputs import NamedIoUMetric

# IoUMetric itself accepts any keyword and ignores unknown ones. One of these is
# keep_results, which mmseg's test.py --out sets for every metric.
STOCK_FIELDS = [
    name
    for name, parameter in inspect.signature(IoUMetric).parameters.items()
    if parameter.kind is not parameter.VAR_KEYWORD
] + ['keep_results']


@METRICS.register_module()
class SubsetIoUMetric(NamedIoUMetric):
    """mmseg's mIoU, also over named subsets of the classes, and the IoU of each class.

    All values are percentages. The IoU of a class counts every labelled pixel,
    regardless of subsets; the value of a subset is the mean over its classes.

    A class that does not occur in the labels is reported as absent. As in mmseg and
    in the released code, its IoU is 0 and enters the means if it is predicted
    anywhere; otherwise it is NaN and left out of the means.

    Predictions are written as by :class:`NamedIoUMetric`.

    Args:
        subsets: Class names by metric name, such as
            ``dict(mIoU13=['road', ...])``. Defaults to None, all classes only.
        **kwargs: As for :class:`IoUMetric`.

    Raises:
        TypeError: If the metric does not have a field.
        ValueError: If a subset is empty, names a class that the data set lacks
            (raised as soon as the data set is known, before training), or has the
            name of a metric over all classes.
    """

    def __init__(self, subsets: dict[str, Sequence[str]] | None = None, **kwargs: Any) -> None:
        unknown = [name for name in kwargs if name not in STOCK_FIELDS]
        if unknown:
            raise TypeError(
                f'SubsetIoUMetric does not know {", ".join(unknown)}; it knows '
                f'{", ".join(["subsets", *STOCK_FIELDS])}; correct the name or leave it out'
            )
        super().__init__(**kwargs)
        self.subsets = subsets or {}
        # Of the latest evaluation: intersection and union, int64 (images, 2, classes).
        self.image_areas: np.ndarray | None = None
        taken = sorted({'aAcc', 'mIoU', 'mAcc'} & set(self.subsets))
        if taken:
            raise ValueError(f'subsets must not be called {taken}: those are of all classes')

    @property
    def dataset_meta(self) -> Any:
        """Classes and palette of the data set, a dict; None before it is known."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, meta: dict | None) -> None:
        if meta:
            self._check_subsets(meta)
        self._dataset_meta = meta

    def _check_subsets(self, meta: dict) -> None:
        for name, classes in self.subsets.items():
            unknown = sorted(set(classes) - set(meta['classes']))
            if unknown or not classes:
                raise ValueError(
                    f'subset {name} names classes {unknown or "of none"}; '
                    f'the data set has {list(meta["classes"])}'
                )

    def compute_metrics(self, results: list) -> dict[str, float]:
        """``aAcc``, ``mIoU``, ``mAcc``, the subsets' means and ``IoU.CLASS``."""
        metrics = dict(super().compute_metrics(results))
        if self.format_only:
            return metrics
        # float64: sums over a data set exceed what float32 counts exactly.
        areas = np.array([[part.numpy() for part in result] for result in results], np.float64)
        self.image_areas = areas[:, :2].astype(np.int64)
        intersect, union, _, labelled = areas.sum(axis=0)
        with np.errstate(invalid='ignore'):
            ious = dict(zip(self.dataset_meta['classes'], 100 * intersect / union, strict=True))
        absent = [name for name, pixels in zip(ious, labelled, strict=True) if pixels == 0]
        if absent:
            print_log(_explain(absent, ious), logger='current')
        for name, classes in self.subsets.items():
            values = np.array([ious[c] for c in classes])
            metrics[name] = float(np.nanmean(values)) if (values == values).any() else np.nan
        return metrics | {f'IoU.{name}': float(value) for name, value in ious.items()}


def _explain(absent: Sequence[str], ious: dict[str, float]) -> str:
    """How classes that are absent from the labels enter the means."""
    left_out = [name for name in absent if np.isnan(ious[name])]
    predicted = [name for name in absent if name not in left_out]
    parts = [f'left out of the means (never predicted): {", ".join(left_out)}'] * bool(left_out)
    parts += [f'IoU 0 in the means (predicted): {", ".join(predicted)}'] * bool(predicted)
    return 'Classes absent from the ground truth: ' + '; '.join(parts)
