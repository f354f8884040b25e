"""Sizes that networks take: which multiple, padding, and one line if nothing helps."""

from pathlib import Path

import pytest
import torch
from mmseg.models import EncoderDecoder
from mmseg.registry import MODELS
from torch import nn

from mmseg_maxsquare.adapt.image_sizes import divisor_of, pad_as_needed, pad_to_multiples
from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.engine.looks import read_csv

from .place import make_place
from tests.helpers.tiny_models import head_cfg

UNET = dict(
    backbone=dict(
        type='UNet', base_channels=8, num_stages=4, strides=(1,) * 4, enc_num_convs=(1,) * 4,
        dec_num_convs=(1,) * 3, downsamples=(True,) * 3, enc_dilations=(1,) * 4,
        dec_dilations=(1,) * 3,
    ),
    decode_head=head_cfg(in_channels=8, in_index=3),
)  # fmt: skip


class Picky(nn.Module):
    """Takes sides that are multiples of a number."""

    def __init__(self, multiple: int) -> None:
        super().__init__()
        self.weight, self.multiple = nn.Parameter(torch.ones(1)), multiple

    def encode_decode(self, images: torch.Tensor, metas: list) -> torch.Tensor:
        if any(side % self.multiple for side in images.shape[2:]):
            raise RuntimeError('sizes of tensors must match')
        return images


@pytest.mark.parametrize(('multiple', 'found'), [(1, 1), (4, 8), (16, 16), (32, 32), (97, 1)])
def test_divisor(multiple: int, found: int) -> None:
    assert divisor_of(Picky(multiple)) == found


def test_padding() -> None:
    assert pad_to_multiples(dict(mean=1), 1) == dict(mean=1)
    found = pad_to_multiples(dict(mean=1, size_divisor=12, test_cfg=dict(size_divisor=6)), 8)
    assert found == dict(mean=1, size_divisor=24, test_cfg=dict(size_divisor=24))
    found = pad_to_multiples(dict(size=(64, 64)), 8)
    assert found == dict(size=(64, 64), test_cfg=dict(size_divisor=8))


@pytest.mark.parametrize('channels', [1, 3])
def test_grey_and_colour(channels: int) -> None:
    """The images that are tried have the channels that the network reads."""
    cfg = dict(UNET, type='EncoderDecoder', test_cfg=dict(mode='whole'))
    cfg['backbone'] = dict(cfg['backbone'], in_channels=channels)
    cfg['data_preprocessor'] = dict(type='SegDataPreProcessor', test_cfg=None)
    model = MODELS.build(cfg)
    pad_as_needed(model)
    assert model.data_preprocessor.test_cfg == dict(size_divisor=8)


def test_images_are_padded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """A UNet of three halvings on images of 60 x 44."""
    place = make_place(tmp_path, monkeypatch, **UNET)
    place.cfg.test_dataloader.dataset.pipeline[1].scale = (60, 44)
    place.write()
    out = place.adapt()
    assert 'the network needs sides that are multiples of 8' in capsys.readouterr().out
    looks = read_csv(out / 'indicators.csv')
    assert [look['name'] for look in looks] == ['source', 'statistics', 'step 4']
    main(['predict', 'config.py', 'model.pth', 'photos', '--out', 'predictions'])
    assert len(list(Path('predictions/labels').rglob('*.png'))) == 12


def only(monkeypatch: pytest.MonkeyPatch, *shapes: tuple[int, int]) -> None:
    """Have networks take some sizes of images alone."""
    encode_decode = EncoderDecoder.encode_decode

    def picky(self: EncoderDecoder, inputs: torch.Tensor, metas: list) -> torch.Tensor:
        if tuple(inputs.shape[2:]) not in shapes:
            raise RuntimeError('the table of positions has another size')
        return encode_decode(self, inputs, metas)

    monkeypatch.setattr(EncoderDecoder, 'encode_decode', picky)


def test_a_network_of_one_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The view at another scale is the image itself."""
    place = make_place(tmp_path, monkeypatch)
    only(monkeypatch, (48, 64))
    looks = read_csv(place.adapt() / 'indicators.csv')
    assert [look['scale'] for look in looks] == [1.0, 1.0, 1.0]


def test_images_that_cannot_be_predicted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line before the start, and nothing stays."""
    place = make_place(tmp_path, monkeypatch)
    only(monkeypatch, (96, 96))
    message = r'model: cannot predict photos/a/0.\.png at 64 x 48: the table .* give another size'
    with pytest.raises(SystemExit, match=message):
        place.adapt()
    assert not Path('out').exists()
