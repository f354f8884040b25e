"""Label files that only score: their names, ids and format are those of the test data."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmseg_maxsquare.adapt.labels import find_labels, label_name

from tests.helpers.tiny_data import save_label

init_default_scope('mmseg')


def found(tmp_path: Path, dataset: dict, image: str, label: str, ids: list, classes: int) -> list:
    """Train ids of a label file ``label`` of the image."""
    save_label(tmp_path / 'labels' / label, np.array([ids], np.uint8))
    cfg = Config(dict(test_dataloader=dict(dataset=dataset)))
    meta = dict(classes=dataset.pop('names', [f'c{i}' for i in range(classes)]))
    images = [tmp_path / 'photos' / image]
    labels = find_labels(cfg, tmp_path / 'labels', images, tmp_path / 'photos', meta)
    return labels.read(labels.pairs[0][1])[0].tolist()


def test_train_ids(tmp_path: Path) -> None:
    data = dict(type='BaseSegDataset')
    assert found(tmp_path, data, 'a/1.jpg', 'a/1.png', [0, 2, 255], 3) == [0, 2, 255]
    with pytest.raises(ValueError, match=r'holds ids \[3\], expected 0 to 2 and 255'):
        found(tmp_path, data, 'a/1.jpg', 'a/1.png', [0, 3], 3)


def test_suffixes_of_cityscapes(tmp_path: Path) -> None:
    """They are defaults of the class, which the config does not repeat."""
    data = dict(type='CityscapesDataset')
    image, label = 'x/x_0_leftImg8bit.png', 'x/x_0_gtFine_labelTrainIds.png'
    assert found(tmp_path, data, image, label, [0, 18, 255], 19) == [0, 18, 255]


def test_ids_from_one(tmp_path: Path) -> None:
    """ADE20K: 0 and 255 are ignored, 1 is the first class."""
    data = dict(type='ADE20KDataset')
    assert found(tmp_path, data, '1.jpg', '1.png', [0, 1, 150, 255], 150) == [255, 0, 149, 255]


def test_ids_of_the_files_of_our_data_sets(tmp_path: Path) -> None:
    """CamVid with six classes: the others are ignored."""
    names = ['sky', 'building', 'road', 'pavement', 'tree', 'car']
    data = dict(type='CamVidDataset', names=names)
    ids = [0, 1, 2, 3, 8, 11]
    assert found(tmp_path, data, '1.png', '1.png', ids, 6) == [0, 1, 255, 2, 5, 255]


@pytest.mark.parametrize(
    ('suffixes', 'expected'),
    [('.jpg', 'x.1.png'), (('.bmp', '.jpg'), 'x.1.png'), (None, 'x.1.png'), ('.bmp', 'x.1.png')],
)
def test_names(suffixes: object, expected: str) -> None:
    assert label_name(Path('x.1.jpg'), suffixes, None) == Path(expected)
