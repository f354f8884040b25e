"""mIoU over named subsets, by hand."""

import math

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS

from mmseg_maxsquare.evaluation import SubsetIoUMetric

CLASSES = ('road', 'car', 'sky', 'train', 'pole')
# Two images; the train is in neither label nor prediction.
PREDICTIONS = [[[0, 0, 1], [1, 2, 2]], [[0, 0, 0], [0, 2, 4]]]
LABELS = [[[0, 0, 0], [1, 2, 255]], [[0, 0, 4], [0, 2, 2]]]
#            correct  predicted  labelled (255 left out)  union
# road         5          6           6                     7
# car          1          2           1                     2
# sky          2          2           3                     3
# pole         0          1           1                     2
IOU = dict(road=5 / 7, car=1 / 2, sky=2 / 3, train=math.nan, pole=0.0)


def evaluate(metric: IoUMetric, images: tuple[int, ...] = (0, 1), classes: tuple = CLASSES) -> dict:
    """Metrics of some of the two images."""
    metric.dataset_meta = dict(classes=classes)
    for index in images:
        prediction, label = (torch.tensor(maps[index])[None] for maps in (PREDICTIONS, LABELS))
        sample = dict(pred_sem_seg=dict(data=prediction), gt_sem_seg=dict(data=label))
        metric.process({}, [sample])
    return metric.evaluate(size=len(images))


def build(**kwargs) -> SubsetIoUMetric:
    """The metric from its config."""
    return METRICS.build(dict(type='SubsetIoUMetric', **kwargs))


def mean(*names: str) -> float:
    """Mean IoU in percent."""
    return 100 * sum(IOU[name] for name in names) / len(names)


def test_iou_of_each_class() -> None:
    """Under its own name, in percent; NaN for the class that does not occur."""
    metrics = evaluate(build())
    assert {key for key in metrics if key.startswith('IoU.')} == {f'IoU.{c}' for c in CLASSES}
    for name, value in IOU.items():
        assert metrics[f'IoU.{name}'] == pytest.approx(100 * value, abs=1e-4, nan_ok=True)


@pytest.mark.parametrize(
    ('classes', 'counted'),
    [
        (['road', 'car'], ('road', 'car')),
        (['sky', 'train'], ('sky',)),
        (('pole', 'train', 'car'), ('pole', 'car')),
        (list(CLASSES), ('road', 'car', 'sky', 'pole')),
    ],
)
def test_subset(classes: list, counted: tuple) -> None:
    """Mean over the named classes; an absent one is left out, as mmseg does."""
    metrics = evaluate(build(subsets=dict(mIoU13=classes)))
    assert metrics['mIoU13'] == pytest.approx(mean(*counted), abs=1e-4)


def test_all_classes_as_mmseg() -> None:
    """aAcc, mIoU and mAcc are the stock metric's, and by hand."""
    metrics, stock = evaluate(build()), evaluate(IoUMetric())
    assert {name: metrics[name] for name in stock} == stock
    assert set(stock) == {'aAcc', 'mIoU', 'mAcc'}
    assert metrics['mIoU'] == pytest.approx(mean('road', 'car', 'sky', 'pole'), abs=0.005)
    assert metrics['aAcc'] == pytest.approx(100 * 8 / 11, abs=0.005)
    assert metrics['mAcc'] == pytest.approx(100 * (5 / 6 + 1 + 2 / 3 + 0) / 4, abs=0.005)


def test_several_subsets_in_one_pass() -> None:
    """Each under its name; they do not disturb each other."""
    metrics = evaluate(build(subsets=dict(small=['car', 'pole'], large=['road', 'sky'])))
    assert metrics['small'] == pytest.approx(mean('car', 'pole'), abs=1e-4)
    assert metrics['large'] == pytest.approx(mean('road', 'sky'), abs=1e-4)


def test_pixels_are_summed_over_images_before_dividing() -> None:
    """The mean of the images' own IoUs would be another number."""
    both = evaluate(build())['IoU.road']
    alone = [evaluate(build(), (index,))['IoU.road'] for index in (0, 1)]
    assert alone == pytest.approx([100 * 2 / 3, 100 * 3 / 4], abs=1e-4)
    assert both == pytest.approx(100 * 5 / 7, abs=1e-4)
    assert abs(both - np.mean(alone)) > 0.5


def test_class_absent_from_one_image_only() -> None:
    """The pole counts as soon as one image has it."""
    assert math.isnan(evaluate(build(), (0,))['IoU.pole'])
    assert evaluate(build(), (0, 1))['IoU.pole'] == 0.0


def test_unknown_class_in_a_subset() -> None:
    """Named with the subset and the classes that exist."""
    metric = build(subsets=dict(mIoU2=['road', 'tram']))
    with pytest.raises(ValueError, match=r"subset mIoU2 .*\['tram'\].*'road', 'car'"):
        evaluate(metric)


def test_values_are_plain_numbers() -> None:
    """They go into JSON logs."""
    metrics = evaluate(build(subsets=dict(some=['road'])))
    own = {name: value for name, value in metrics.items() if name not in evaluate(IoUMetric())}
    assert len(own) == 6
    assert all(type(value) is float for value in own.values())


def test_inside_an_evaluator() -> None:
    """As a Runner uses it, with a prefix."""
    evaluator = Evaluator(dict(type='SubsetIoUMetric', subsets=dict(few=['road']), prefix='dusk'))
    evaluator.dataset_meta = dict(classes=CLASSES)
    (metric,) = evaluator.metrics
    assert isinstance(metric, SubsetIoUMetric)
    values = evaluate(metric)
    assert values['dusk/few'] == values['dusk/IoU.road'] == pytest.approx(100 * 5 / 7, abs=1e-4)


def test_format_only_computes_nothing(tmp_path) -> None:
    """Predictions without labels are only written."""
    metric = build(format_only=True, output_dir=str(tmp_path), subsets=dict(few=['road']))
    metric.dataset_meta = dict(classes=CLASSES)
    sample = dict(
        pred_sem_seg=dict(data=torch.tensor(PREDICTIONS[0])[None]), img_path='folder/x.png'
    )
    metric.process({}, [sample])
    assert metric.compute_metrics(metric.results) == {}
    assert [path.name for path in tmp_path.iterdir()] == ['x.png']
