"""Which sizes of images are found and tried."""

from pathlib import Path

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from PIL import Image

from mmseg_maxsquare.runs.image_sizes import LOADED, Part, representatives, sizes_of
from mmseg_maxsquare.runs.sizes import check_sizes

from tests.helpers.tiny_models import head_cfg, plain_cfg

HEIGHTS = (16, 20, 23, 28, 32, 36, 40, 44, 48)  # a UNet of two halvings divides all but one


def images(root: Path, sizes: list[tuple[int, int]]) -> list[str]:
    """Files of some sizes (width, height)."""
    paths = [root / f'{i}.png' for i in range(len(sizes))]
    for path, size in zip(paths, sizes, strict=True):
        Image.new('RGB', size).save(path)
    return [str(path) for path in paths]


def test_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every file whose header can be read, also of more than 500; huge ones are no error."""
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 1000)
    paths = images(tmp_path, [(8, 6)] * 301 + [(6, 9)] + [(8, 6)] * 299)
    paths += [*images(tmp_path / '..', [(50, 50)]), str(tmp_path / 'missing.png'), '']
    assert sizes_of(paths) == {(8, 6): 0, (6, 9): 301}


def test_extremes_are_among_the_representatives() -> None:
    """The lowest image has a large area."""
    every = [(i, i) for i in range(10, 50)] + [(900, 2), (3, 700)]
    every.sort(key=lambda size: size[0] * size[1])
    chosen = representatives(dict.fromkeys(every, 0))
    assert {(10, 10), (900, 2), (3, 700), every[-1]} <= set(chosen)
    assert len(chosen) <= LOADED + 4


@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize('keeps', [True, False])
def test_every_size_is_tried(tmp_path: Path, training: bool, keeps: bool) -> None:
    """If the pipeline keeps sizes, also those that are not loaded."""
    unet = dict(
        type='UNet', base_channels=4, num_stages=3, strides=(1, 1, 1), enc_num_convs=(1, 1, 1),
        dec_num_convs=(1, 1), downsamples=(True, True), enc_dilations=(1, 1, 1),
        dec_dilations=(1, 1),
    )  # fmt: skip
    head = head_cfg(num_classes=2, in_index=2, in_channels=4)
    cfg = plain_cfg(backbone=unet, decode_head=head)
    cfg['data_preprocessor']['size_divisor'] = 1  # mmseg's own wants one of two fields
    model = MODELS.build(cfg)
    paths = images(tmp_path, [(32, height) for height in HEIGHTS])

    def load(number: int) -> dict:
        height = HEIGHTS[number] if keeps else 32
        labels = SegDataSample(gt_sem_seg=PixelData(data=torch.zeros(1, height, 32)))
        return dict(inputs=torch.zeros(3, height, 32), data_samples=labels)

    part = Part('val_dataloader', '', paths, load, 1, training)
    found = [finding.what for finding in check_sizes(model, [part])]
    assert len(found) == keeps, found
    assert all('an input of (23, 32)' in what for what in found), found
