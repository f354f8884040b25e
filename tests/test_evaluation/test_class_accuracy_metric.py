"""Accuracies against numbers counted by hand."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from mmseg_maxsquare.evaluation import ClassAccuracyMetric

CLASSES = ('a', 'b', 'c', 'd')
# Image, class, probabilities: right are i0, i1, i3; class d has no image.
SCORES = [
    ('i0', 0, [0.7, 0.1, 0.1, 0.1]),
    ('i1', 0, [0.4, 0.3, 0.2, 0.1]),
    ('i2', 0, [0.1, 0.6, 0.2, 0.1]),
    ('i3', 1, [0.0, 0.9, 0.1, 0.0]),
    ('i4', 2, [0.0, 0.0, 0.2, 0.8]),
]


def evaluate(**kwargs) -> dict[str, float]:
    metric = ClassAccuracyMetric(**kwargs)
    metric.dataset_meta = dict(classes=CLASSES)
    for name, truth, scores in SCORES:
        sample = dict(img_path=name, gt_label=truth, pred_score=torch.tensor(scores))
        metric.process({}, [sample])
    return metric.evaluate(len(SCORES))


def write(path: Path, *names: str) -> str:
    path.write_text('\n'.join(names) + '\n')
    return str(path)


def test_values() -> None:
    found = evaluate()
    assert found.pop('Acc.d') != found.get('Acc.d')  # NaN
    assert found == pytest.approx(
        {
            'aAcc': 60.0,
            'mAcc': (200 / 3 + 100 + 0) / 3,
            'Acc.a': 200 / 3,
            'Acc.b': 100.0,
            'Acc.c': 0.0,
        }
    )
    assert all(type(value) is float for value in found.values())


def test_subsets(tmp_path: Path) -> None:
    subsets = dict(top=write(tmp_path / 't', 'i3', 'i4'), rest=write(tmp_path / 'r', 'i0', 'i1'))
    found = evaluate(subsets=subsets)
    assert (found['top'], found['rest']) == (50.0, 100.0)


def test_predictions_are_written(tmp_path: Path) -> None:
    evaluate(output_dir=str(tmp_path / 'new'))
    with (tmp_path / 'new/predictions.csv').open() as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ['image', 'truth', 'predicted', 'confidence']
    assert rows[3] == ['i2', 'a', 'b', '0.600000']
    assert len(rows) == 6


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'i0\nother\n', r'subsets.top lists 1 images .* such as other'),
        (b'\n', 'top: .* lists no image'),
        (None, 'top: .*No such file'),
    ],
)
def test_bad_lists(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / 'top.txt'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        evaluate(subsets=dict(top=str(path)))


def test_names_of_all_images_are_taken(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='must not be called'):
        ClassAccuracyMetric(subsets=dict(aAcc=write(tmp_path / 'x', 'i0')))


def test_nan_of_a_class_is_left_out() -> None:
    assert not np.isnan(evaluate()['mAcc'])
