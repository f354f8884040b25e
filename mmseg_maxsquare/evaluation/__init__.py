"""Metrics."""

from .class_accuracy_metric import ClassAccuracyMetric
from .subset_iou_metric import SubsetIoUMetric

__all__ = ['ClassAccuracyMetric', 'SubsetIoUMetric']
