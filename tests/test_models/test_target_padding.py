"""Pixels outside the target images do not count."""

import copy

import numpy as np
import pytest
import torch
from mmengine.model import BaseModule
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_maxsquare.models.uda_segmentor import padding_mask

from .step_by_hand import GUIDANCE, wrap
from tests.helpers.tiny_models import (
    MEAN,
    STD,
    build_model,
    head_cfg,
    low_head_cfg,
    uda_batch,
    uda_cfg,
)


class PixelBackbone(BaseModule):
    """Two levels that see one pixel at a time, so that padding cannot leak."""

    def __init__(self) -> None:
        super().__init__()
        self.low = nn.Conv2d(3, 8, 1)
        self.high = nn.Conv2d(8, 16, 1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features at the resolution of the image."""
        low = self.low(images).relu()
        return low, self.high(low).relu()


def pixel_model(**kwargs) -> nn.Module:
    """Segmentor of 1 x 1 convolutions with guidance."""
    cfg = uda_cfg(
        backbone=dict(type=PixelBackbone),
        decode_head=head_cfg(1, num_convs=0, channels=16),
        auxiliary_head=low_head_cfg(num_convs=0, channels=8),
        **{'guidance': {**GUIDANCE, 'threshold': 0.45}, **kwargs},
    )
    return build_model(cfg, spread=0.5)


@pytest.mark.parametrize('alpha', [0.0, 0.2])
@pytest.mark.parametrize('normalizer', ['all_pixels', 'guided_pixels'])
def test_padded_target_pixels_do_not_count(alpha: float, normalizer: str) -> None:
    """A batch of two sizes: mean of what the images give alone, value and gradient."""
    sizes = (8, 12), (20, 16)
    model = pixel_model(
        target_loss=dict(type='MaxSquareLoss', alpha=alpha),
        guidance=dict(threshold=0.45, loss_weight=0.3, normalizer=normalizer),
    )

    def run(batch: dict) -> tuple[dict[str, float], list[Tensor]]:
        data = model.data_preprocessor(batch, True)
        losses = model.loss_target(data['inputs']['target'], data['data_samples']['target'])
        model.zero_grad()
        (losses['loss_max_square'] + losses['loss_guidance']).backward()
        grads = [p.grad.clone() for p in model.parameters()]
        return {name: float(value) for name, value in losses.items()}, grads

    both = uda_batch(target=sizes)
    alone = []
    for image, sample in zip(*(both[key]['target'] for key in both), strict=True):
        batch = uda_batch(target=sizes[:1])
        batch['inputs']['target'], batch['data_samples']['target'] = [image], [sample]
        alone.append(run(copy.deepcopy(batch)))
    (first, first_grads), (second, second_grads) = alone
    losses, grads = run(both)
    for name in ('loss_max_square', 'loss_guidance'):
        assert abs(first[name] - second[name]) > 1e-4
        assert losses[name] == pytest.approx((first[name] + second[name]) / 2, rel=1e-5)
    pixels = [height * width for height, width in sizes]
    share = np.average([first['guided_share'], second['guided_share']], weights=pixels)
    assert 0 < losses['guided_share'] == pytest.approx(share, rel=1e-5)
    for grad, one, two in zip(grads, first_grads, second_grads, strict=True):
        torch.testing.assert_close(grad, (one + two) / 2, rtol=1e-4, atol=1e-6)


def test_fixed_size_does_not_count_either() -> None:
    """Padding every image to ``size`` changes no target term."""
    logs = []
    for size in (None, (48, 64)):
        preprocessor = dict(type='SegDataPreProcessor', mean=MEAN, std=STD, size=size)
        model = pixel_model(data_preprocessor=preprocessor)
        logs.append(model.train_step(uda_batch(), wrap(model)))
    for name in ('target.loss_max_square', 'target.loss_guidance', 'target.guided_share'):
        assert float(logs[1][name]) == pytest.approx(float(logs[0][name]), rel=1e-5)


@pytest.mark.parametrize(
    ('paddings', 'expected'),
    [
        ([(0, 0, 0, 0), (0, 0, 0, 0)], None),
        ([None, None], None),
        ([(0, 2, 0, 1), (0, 0, 0, 0)], [((0, 3), (0, 4)), ((0, 4), (0, 6))]),
        ([(1, 2, 1, 0), None], [((1, 4), (1, 4)), ((0, 4), (0, 6))]),
    ],
)
def test_padding_mask(paddings: list, expected: list | None) -> None:
    """True outside the image, (left, right, top, bottom); None without padding."""
    samples = [
        SegDataSample(metainfo={} if padding is None else dict(padding_size=padding))
        for padding in paddings
    ]
    mask = padding_mask(torch.zeros(2, 3, 4, 6), samples)
    if expected is None:
        assert mask is None
        return
    assert mask.dtype == torch.bool
    for image, ((top, bottom), (left, right)) in zip(mask, expected, strict=True):
        want = torch.ones(4, 6, dtype=torch.bool)
        want[top:bottom, left:right] = False
        assert torch.equal(image, want)


def test_padding_mask_without_samples() -> None:
    """No samples, no padding."""
    assert padding_mask(torch.zeros(2, 3, 4, 6), None) is None
