"""mIoU over named subsets, by hand."""

import math
import re
import warnings

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.hooks import CheckpointHook
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS

from mmseg_maxsquare.evaluation import SubsetIoUMetric, subset_iou_metric

from tests.helpers.tiny_data import CLASSES_19, TRAIN_IDS

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


@pytest.mark.parametrize(
    ('classes', 'complaint'),
    [
        (['road', 'tram'], r"\['tram'\]"),
        (['street', 'road', 'auto'], r"\['auto', 'street'\]"),
        ([], 'none'),
    ],
)
def test_wrong_subset_is_refused_before_training(classes: list, complaint: str) -> None:
    """As soon as the data set is known: named with the classes that exist."""
    metric = build(subsets=dict(fine=['road'], mIoU2=classes))
    with pytest.raises(ValueError, match=rf"subset mIoU2 .*{complaint}.*'road', 'car'"):
        metric.dataset_meta = dict(classes=CLASSES)


def test_wrong_subset_in_an_evaluator() -> None:
    """The Runner sets the meta of its evaluator when the loop is built."""
    evaluator = Evaluator(dict(type='SubsetIoUMetric', subsets=dict(mIoU1=['tram'])))
    with pytest.raises(ValueError, match='subset mIoU1'):
        evaluator.dataset_meta = dict(classes=CLASSES)


@pytest.mark.parametrize(
    ('fields', 'unknown'),
    [
        (dict(iou_metric=['mIoU']), 'iou_metric'),
        (dict(subset=dict(few=['road']), prefix='dusk'), 'subset'),
        (dict(kwargs={}, ignore=0), 'kwargs, ignore'),
    ],
)
def test_misspelt_field_is_refused(fields: dict, unknown: str) -> None:
    """mmseg's metric would drop it in silence."""
    known = 'subsets, ignore_index, iou_metrics, .*, prefix, keep_results'
    with pytest.raises(TypeError, match=f'does not know {unknown}; it knows {known}; correct'):
        build(**fields)


def test_every_field_of_the_stock_metric_is_taken(tmp_path) -> None:
    """On both distributions; IoUMetric's docstring has the list."""
    described = re.findall(r'^ +(\w+) \(', IoUMetric.__doc__, flags=re.M)
    values = dict(
        ignore_index=0,
        iou_metrics=['mIoU', 'mDice'],
        nan_to_num=1,
        beta=2,
        collect_device='gpu',
        output_dir=str(tmp_path),
        format_only=True,
        prefix='dusk',
    )
    assert set(described) == set(values)
    metric = build(**values, keep_results=True)  # as mmseg's test.py --out does
    assert metric.metrics == values.pop('iou_metrics')
    assert {name: getattr(metric, name) for name in values} == values


def random_maps(num_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and labels of three images, half right, some pixels ignored."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, num_classes, (3, 40, 50))
    prediction = np.where(rng.random(label.shape) < 0.5, label, rng.permutation(label, axis=2))
    return prediction, np.where(rng.random(label.shape) < 0.1, 255, label)


def score(metric: SubsetIoUMetric, names: tuple, prediction: np.ndarray, label: np.ndarray) -> dict:
    """Metrics of some images."""
    metric.dataset_meta = dict(classes=names)
    for maps in zip(prediction, label, strict=True):
        data = [dict(data=torch.from_numpy(values)[None]) for values in maps]
        metric.process({}, [dict(pred_sem_seg=data[0], gt_sem_seg=data[1])])
    return metric.evaluate(size=len(label))


def iou_by_hand(prediction: np.ndarray, label: np.ndarray, index: int) -> float:
    """Percent; NaN for a class that is neither labelled nor predicted."""
    predicted, labelled = (prediction == index) & (label != 255), label == index
    union = np.count_nonzero(predicted | labelled)
    return 100 * np.count_nonzero(predicted & labelled) / union if union else math.nan


def names_of(num_classes: int) -> tuple[str, ...]:
    """Class names of the 19, 16 or 13 classes."""
    return tuple(CLASSES_19[train] for train in TRAIN_IDS[num_classes])


@pytest.mark.parametrize('num_classes', [19, 16])
def test_subsets_of_the_papers(num_classes: int) -> None:
    """mIoU, mIoU16, mIoU13 of a 19- and of a 16-class model, from its own confusions."""
    names = names_of(num_classes)
    prediction, label = random_maps(num_classes)
    metric = build(subsets=dict(mIoU16=names_of(16), mIoU13=names_of(13)))
    metrics = score(metric, names, prediction, label)
    ious = {name: iou_by_hand(prediction, label, i) for i, name in enumerate(names)}
    assert 20 < min(ious.values()) < max(ious.values()) < 60
    for key, subset in (('mIoU16', names_of(16)), ('mIoU13', names_of(13))):
        expected = sum(ious[name] for name in subset) / len(subset)
        assert metrics[key] == pytest.approx(expected, abs=1e-3)
    assert metrics['mIoU'] == pytest.approx(np.mean(list(ious.values())), abs=0.006)
    if num_classes == 16:
        assert metrics['mIoU'] == pytest.approx(metrics['mIoU16'], abs=0.006)


@pytest.mark.parametrize('num_classes', [19, 16, 13])
def test_names_belong_to_the_numbers(num_classes: int) -> None:
    """Perfect in one class and wrong everywhere else: that class, under its own name.

    The released code prints the first names of the 19 beside 16 numbers.
    """
    names = names_of(num_classes)
    for index, name in enumerate(names):
        label = np.arange(num_classes).repeat(4)[None, None]
        prediction = np.where(label == index, index, (label + 1) % num_classes)
        metrics = score(build(), names, prediction, label)
        assert {key for key in metrics if key.startswith('IoU.')} == {f'IoU.{n}' for n in names}
        values = {key: value for key, value in metrics.items() if key.startswith('IoU.')}
        assert max(values, key=values.get) == f'IoU.{name}'
        # The class before it is predicted as it: union 8 of which 4 are right.
        assert values.pop(f'IoU.{name}') == 50.0
        assert set(values.values()) == {0.0}
    assert 'IoU.terrain' in metrics or num_classes != 19


def test_model_of_19_classes_on_labels_of_13() -> None:
    """Predicting a class that is not labelled costs the right class, and is 0 itself."""
    label = np.array([[[0, 0, 0, 13]]])
    prediction = np.array([[[0, 0, 9, 13]]])  # terrain on the road
    metrics = score(build(subsets=dict(mIoU2=['road', 'car'])), CLASSES_19, prediction, label)
    assert metrics['IoU.road'] == pytest.approx(100 * 2 / 3, abs=1e-4)
    assert metrics['IoU.terrain'] == 0.0
    assert metrics['mIoU2'] == pytest.approx((100 * 2 / 3 + 100) / 2, abs=1e-4)
    assert metrics['mIoU'] == pytest.approx((100 * 2 / 3 + 100 + 0) / 3, abs=0.006)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the metric logs."""
    lines = []
    monkeypatch.setattr(
        subset_iou_metric, 'print_log', lambda message, **kwargs: lines.append(message)
    )
    return lines


def test_absent_classes_are_explained(log: list[str]) -> None:
    """Never predicted: NaN and left out; predicted: 0 and counted. One line says which."""
    names = ('road', 'car', 'sky', 'train', 'pole')
    label, prediction = np.array([[[0, 0, 1, 255]]]), np.array([[[0, 2, 1, 4]]])
    metrics = score(
        build(subsets=dict(a=['road', 'sky'], b=['road', 'train'])), names, prediction, label
    )
    assert log == [
        'Classes absent from the ground truth: left out of the means (never predicted): '
        'train, pole; IoU 0 in the means (predicted): sky'
    ]
    assert metrics['IoU.sky'] == 0.0
    # The pole is predicted on an ignored pixel only.
    assert math.isnan(metrics['IoU.train']) and math.isnan(metrics['IoU.pole'])
    assert metrics['a'] == 25.0  # (50 + 0) / 2
    assert metrics['b'] == 50.0  # road alone
    assert metrics['mIoU'] == 50.0  # (50 + 100 + 0) / 3


def test_nothing_is_said_when_all_classes_occur(log: list[str]) -> None:
    score(build(), ('road', 'car'), np.array([[[0, 1]]]), np.array([[[0, 1]]]))
    assert log == []


def test_only_what_is_absent_is_said(log: list[str]) -> None:
    """One half of the line each."""
    score(build(), ('road', 'car'), np.array([[[0, 1]]]), np.array([[[0, 0]]]))
    score(build(), ('road', 'car'), np.array([[[0, 0]]]), np.array([[[0, 0]]]))
    assert log == [
        'Classes absent from the ground truth: IoU 0 in the means (predicted): car',
        'Classes absent from the ground truth: left out of the means (never predicted): car',
    ]


def test_subset_that_is_wholly_absent() -> None:
    """NaN, without NumPy's warning of an empty mean."""
    with warnings.catch_warnings():
        warnings.simplefilter('error', RuntimeWarning)
        metrics = score(
            build(subsets=dict(mIoU13=['car', 'sky'], other=['road'])),
            ('road', 'car', 'sky'),
            np.array([[[0, 0]]]),
            np.array([[[0, 0]]]),
        )
    assert type(metrics['mIoU13']) is float and math.isnan(metrics['mIoU13'])
    assert metrics['other'] == 100.0


@pytest.mark.parametrize('name', ['mIoU', 'mIoU16', 'mIoU13'])
def test_best_checkpoint_by_a_subset(name: str) -> None:
    """mmengine sees from the name that more is better."""
    hook = CheckpointHook(save_best=name)
    assert hook.rules == ['greater']
    assert hook.is_better_than[name](51.0, 50.0)
    assert not hook.is_better_than[name](math.nan, 50.0)


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
