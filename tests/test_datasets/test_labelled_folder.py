"""Your own images and labels of class indices, read strictly."""

from pathlib import Path

import numpy as np
import pytest
from mmseg.registry import DATASETS

from tests.helpers.tiny_data import save_image, save_label, train_pipeline

CLASSES = ('road', 'building', 'sky')


def build(root: Path, **kwargs):
    """A data set of one pair of 4 x 6 pixels."""
    save_image(root / 'images/a.png', (4, 6), np.random.default_rng(0))
    cfg = dict(metainfo=dict(classes=CLASSES), pipeline=train_pipeline(), data_root=str(root))
    return DATASETS.build(dict(type='LabelledFolderDataset', **cfg) | kwargs)


def label(root: Path, size: tuple[int, int], value: int) -> None:
    """Label of the pair; its first pixel is ignored."""
    ids = np.full(size, value, np.uint8)
    ids[0, 0] = 255
    save_label(root / 'labels/a.png', ids)


def test_indices_stay_as_they_are(tmp_path: Path) -> None:
    label(tmp_path, (4, 6), 2)
    dataset = build(tmp_path)
    assert dataset[0]['data_samples'].gt_sem_seg.data.unique().tolist() == [2, 255]
    assert dataset.metainfo['classes'] == CLASSES
    assert np.shape(dataset.metainfo['palette']) == (3, 3)


@pytest.mark.parametrize(
    ('size', 'value', 'message'),
    [((4, 6), 3, r'holds unknown ids \[3\]'), ((6, 6), 0, r'has size \(6, 6\)')],
)
def test_labels_that_do_not_fit(size, value: int, message: str, tmp_path: Path) -> None:
    label(tmp_path, size, value)
    with pytest.raises(ValueError, match=message):
        build(tmp_path)[0]


def test_no_classes(tmp_path: Path) -> None:
    label(tmp_path, (4, 6), 0)
    with pytest.raises(ValueError, match='no classes; give metainfo'):
        build(tmp_path, metainfo=None)
