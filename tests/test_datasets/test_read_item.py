"""Files that mmseg's own loaders cannot decode are named."""

from pathlib import Path

import numpy as np
import pytest
from mmseg.datasets import BaseSegDataset

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.datasets.read_item import read_item

from tests.helpers.tiny_data import save_image, save_label

SIZE = (8, 10)


@pytest.mark.parametrize(
    ('damaged', 'message'),
    [
        ('labels/0.png', 'label file .*labels/0.png is not a readable image'),
        ('images/0.jpg', 'image .*images/0.jpg cannot be read'),
    ],
)
def test_damaged_file(damaged: str, message: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    save_image(tmp_path / 'images/0.jpg', SIZE, rng)
    save_label(tmp_path / 'labels/0.png', np.zeros(SIZE, np.uint8))
    loaders = [dict(type='LoadImageFromFile', imdecode_backend='pillow')]
    dataset = BaseSegDataset(
        data_root=str(tmp_path),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        pipeline=[*loaders, dict(type='LoadAnnotations'), dict(type='PackSegInputs')],
    )
    assert read_item(dataset, 0)['inputs'].shape == (3, *SIZE)
    (tmp_path / damaged).write_bytes(b'no image')
    with pytest.raises(BadFileError, match=message):
        read_item(dataset, 0)


def test_other_errors_stay(tmp_path: Path) -> None:
    class Missing:
        def __getitem__(self, index: int) -> dict:
            raise FileNotFoundError(2, 'No such file', 'x.png')

    with pytest.raises(FileNotFoundError):
        read_item(Missing(), 0)
