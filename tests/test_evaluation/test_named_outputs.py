"""No two images are written to one file."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from PIL import Image

from mmseg_maxsquare.evaluation import NamedIoUMetric
from mmseg_maxsquare.evaluation.output_names import flat_names_of


def process(metric: NamedIoUMetric, *images: str) -> None:
    """Predictions whose value is the number of the image, of 4 x 6 pixels."""
    metric.dataset_meta = dict(classes=('a', 'b', 'c'))
    samples = []
    for value, image in enumerate(images):
        sample = SegDataSample(metainfo=dict(img_path=image))
        maps = torch.full((1, 4, 6), value)
        sample.set_data(dict(pred_sem_seg=PixelData(data=maps), gt_sem_seg=PixelData(data=maps)))
        samples.append(sample.to_dict())
    metric.process({}, samples)


def test_images_keep_their_names(tmp_path: Path) -> None:
    metric = NamedIoUMetric(output_dir=str(tmp_path))
    process(metric, 'x/day/0001.png', 'x/day/0002.jpg')
    assert sorted(path.name for path in tmp_path.iterdir()) == ['0001.png', '0002.png']
    assert metric.output_dir == str(tmp_path)
    assert len(metric.results) == 2


def test_names_with_folders(tmp_path: Path) -> None:
    images = ['x/day/0001.png', 'x/night/0001.png', 'x/night/0001.jpg']
    metric = NamedIoUMetric(output_dir=str(tmp_path))
    metric.names = dict(zip(images, flat_names_of([Path(i) for i in images]), strict=True))
    process(metric, *images)
    for value, name in enumerate(('day/0001', 'night/0001.png', 'night/0001.jpg')):
        assert (np.array(Image.open(tmp_path / f'{name}.png')) == value).all()


def test_two_images_of_one_name_are_refused(tmp_path: Path) -> None:
    """Where nobody has told the names, as in mmseg's own tools."""
    metric = NamedIoUMetric(output_dir=str(tmp_path))
    message = 'day/1.png and night/1.png would both be written to 1.png'
    with pytest.raises(ValueError, match=message):
        process(metric, 'day/1.png', 'night/1.png')
    process(NamedIoUMetric(), 'day/1.png', 'night/1.png')  # nothing is written


def test_flat_names_only_if_they_differ() -> None:
    assert flat_names_of([Path('x/a.png'), Path('y/b.png')]) == ['a', 'b']
    assert flat_names_of([Path('x/a.png'), Path('y/A.png')]) == ['x/a', 'y/A']
    assert flat_names_of([Path('x/a.png'), Path('x/a.jpg')]) == ['a.png', 'a.jpg']
