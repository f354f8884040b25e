"""Areas of every image of a validation."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from mmengine.evaluator import Evaluator

from mmseg_maxsquare.engine import ImageAreasHook
from mmseg_maxsquare.evaluation import SubsetIoUMetric

CLASSES = ('road', 'car', 'sky')
PREDICTIONS = [[[0, 0, 1], [1, 2, 2]], [[0, 0, 0], [0, 2, 1]]]
LABELS = [[[0, 0, 0], [1, 2, 255]], [[0, 0, 2], [0, 2, 2]]]


def test_areas_by_hand(tmp_path: Path) -> None:
    """Their sums give the IoU that the metric reports."""
    metric = SubsetIoUMetric(iou_metrics=['mIoU'])
    metric.dataset_meta = dict(classes=CLASSES)
    for prediction, label in zip(PREDICTIONS, LABELS, strict=True):
        maps = [dict(data=torch.tensor(part)[None]) for part in (prediction, label)]
        sample = dict(zip(('pred_sem_seg', 'gt_sem_seg'), maps, strict=True))
        metric.process({}, [sample])
    evaluator = Evaluator(metric)
    metrics = evaluator.evaluate(size=2)
    runner = SimpleNamespace(val_evaluator=evaluator, work_dir=str(tmp_path))
    ImageAreasHook().after_val_epoch(runner)
    with np.load(tmp_path / 'image_areas.npz') as found:
        assert found['intersection'].tolist() == [[2, 1, 1], [3, 0, 1]]
        assert found['union'].tolist() == [[3, 2, 1], [4, 1, 3]]
        assert found['classes'].tolist() == list(CLASSES)
        iou = 100 * found['intersection'].sum(0) / found['union'].sum(0)
    assert [metrics[f'IoU.{name}'] for name in CLASSES] == iou.tolist()


def test_a_metric_without_areas_is_left_alone(tmp_path: Path) -> None:
    evaluator = SimpleNamespace(metrics=[SimpleNamespace()])
    ImageAreasHook().after_val_epoch(SimpleNamespace(val_evaluator=evaluator, work_dir=tmp_path))
    assert not list(tmp_path.iterdir())
