"""Metrics."""

from .class_accuracy_metric import ClassAccuracyMetric
from .named_outputs import NamedIoUMetric
from .subset_iou_metric import SubsetIoUMetric

__all__ = ['ClassAccuracyMetric', 'NamedIoUMetric', 'SubsetIoUMetric']
