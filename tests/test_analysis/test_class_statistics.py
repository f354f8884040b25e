"""Confusions, pixels and confidence of every class, by hand and against the metric."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor

from mmseg_maxsquare.analysis.class_statistics import class_statistics, image_statistics
from mmseg_maxsquare.evaluation import SubsetIoUMetric

# Four pixels, three classes: probabilities of the classes, one row a pixel.
PROBABILITIES = torch.tensor([[[0.7, 0.2, 0.1], [0.5, 0.3, 0.2]], [[0.1, 0.8, 0.1], [0.6, 0.4, 0]]])
LOGITS = PROBABILITIES.log().movedim(-1, 0)
LABELS = torch.tensor([[0, 1], [1, 255]])


def sample(logits: Tensor, labels: Tensor | None, name: str = 'x.png') -> SegDataSample:
    """As the model gives it."""
    result = SegDataSample(metainfo=dict(img_path=name))
    result.seg_logits = PixelData(data=logits)
    if labels is not None:
        result.gt_sem_seg = PixelData(data=labels[None])
    return result


def test_one_image_by_hand() -> None:
    found = image_statistics(LOGITS, LABELS)
    assert found.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert found.predicted.tolist() == [3, 1, 0]  # the unlabelled pixel too
    assert found.labelled.tolist() == [1, 2, 0]
    np.testing.assert_allclose(found.confidence, [1.8, 0.8, 0], atol=1e-6)
    np.testing.assert_allclose(found.mean_confidence, [60, 80, np.nan], atol=1e-5)
    np.testing.assert_allclose(found.iou, [50, 50, np.nan])


def test_images_are_summed_before_dividing() -> None:
    """The second has 0.6 once: (1.8 + 0.6) / 4, and IoU 1 of 1 + 1 + 1."""
    second = sample(LOGITS[:, 1:, 1:], torch.tensor([[1]]))
    found = class_statistics([sample(LOGITS, LABELS), second])
    np.testing.assert_allclose(found.mean_confidence[0], 60, atol=1e-5)
    np.testing.assert_allclose(found.confidence[0], 2.4, atol=1e-6)
    np.testing.assert_allclose(found.iou[:2], [100 / 3, 100 / 3])


@pytest.mark.parametrize('classes', [3, 11, 19])
def test_iou_is_the_metrics(classes: int) -> None:
    """On random maps with ignored pixels and, at the end, an absent class."""
    rng = torch.Generator().manual_seed(classes)
    samples, metric = [], SubsetIoUMetric()
    metric.dataset_meta = dict(classes=[f'c{i}' for i in range(classes)])
    for _ in range(3):
        logits = torch.randn(classes, 20, 30, generator=rng)
        logits[-1] = -9
        labels = torch.randint(0, classes - 1, (20, 30), generator=rng)
        labels = torch.where(torch.rand(20, 30, generator=rng) < 0.5, logits.argmax(0), labels)
        labels[:2] = 255
        samples.append(sample(logits, labels))
        prediction = dict(data=logits.argmax(0)[None])
        metric.process({}, [dict(pred_sem_seg=prediction, gt_sem_seg=dict(data=labels[None]))])
    values = metric.evaluate(size=3)
    expected = [values[f'IoU.c{i}'] for i in range(classes)]
    assert np.isnan(expected[-1]) and 20 < expected[0] < 100
    # The metric divides in single precision.
    np.testing.assert_allclose(class_statistics(samples).iou, expected, rtol=2e-7)


@pytest.mark.parametrize(
    ('labels', 'complaint'),
    [
        (None, 'a.png: the test data have no labels; .*LoadAnnotations'),
        (torch.tensor([[0, 3], [7, 255]]), r'a.png: the label holds \[3, 7\]; the 3 classes'),
        (torch.zeros(4, 4).long(), r'a.png: the label has size \(4, 4\), the prediction \(2, 2\)'),
    ],
)
def test_labels_that_do_not_fit(labels: Tensor | None, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        class_statistics([sample(LOGITS, labels, 'a.png')])
