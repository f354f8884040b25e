"""Which fields the adapted segmentor takes, what it makes of them, and what it refuses."""

import copy

import pytest
import torch
from mmengine.config import Config
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS

from mmseg_maxsquare.models import UDADataPreprocessor, UDAEncoderDecoder

from .step_by_hand import GUIDANCE, MULTI, wrap
from tests.helpers.tiny_models import (
    MEAN,
    STD,
    build_model,
    head_cfg,
    low_head_cfg,
    plain_batch,
    plain_cfg,
    uda_batch,
    uda_cfg,
)


def test_state_dict_is_that_of_the_plain_model() -> None:
    """Same names and shapes; loads strictly either way."""
    model = build_model(uda_cfg(**MULTI), seed=1)
    plain = build_model(plain_cfg(auxiliary_head=low_head_cfg()), seed=2)
    state, other = model.state_dict(), plain.state_dict()
    assert {k: v.shape for k, v in state.items()} == {k: v.shape for k, v in other.items()}
    assert list(state) == list(other)
    plain.load_state_dict(state, strict=True)
    assert torch.equal(plain.decode_head.conv_seg.weight, model.decode_head.conv_seg.weight)
    build_model(uda_cfg(**MULTI), seed=3).load_state_dict(other, strict=True)


@pytest.mark.parametrize(
    'kind', ['SegDataPreProcessor', 'mmseg.SegDataPreProcessor', SegDataPreProcessor]
)
def test_stock_preprocessor_config_copes_with_two_domains(kind: object) -> None:
    """Its other entries stay."""
    cfg = dict(type=kind, mean=MEAN, std=STD, bgr_to_rgb=True, size=(32, 40), seg_pad_val=255)
    given = copy.deepcopy(cfg)
    model = build_model(uda_cfg(data_preprocessor=cfg))
    assert cfg == given
    assert type(model.data_preprocessor) is UDADataPreprocessor
    assert model.data_preprocessor.size == (32, 40)
    assert model.data_preprocessor.mean.flatten().tolist() == MEAN
    model.train_step(uda_batch(), wrap(model))


@pytest.mark.parametrize('size', [{}, dict(size=(32, 32)), dict(size_divisor=32)])
def test_neither_size_nor_divisor_is_needed(size: dict) -> None:
    """Each way of padding gives the same loss when nothing is to pad."""
    cfg = dict(type='SegDataPreProcessor', mean=MEAN, std=STD, bgr_to_rgb=True, **size)
    model = build_model(uda_cfg(data_preprocessor=cfg))
    reference = build_model(uda_cfg())
    log = model.train_step(uda_batch(), wrap(model))
    expected = reference.train_step(uda_batch(), wrap(reference))
    assert float(log['loss']) == pytest.approx(float(expected['loss']), abs=1e-6)


def test_model_without_preprocessor_config() -> None:
    """mmseg's default is none; two domains work all the same."""
    cfg = uda_cfg()
    del cfg['data_preprocessor']
    model = build_model(cfg)
    assert float(model.train_step(uda_batch(), wrap(model))['loss']) == pytest.approx(1, abs=9)


def test_configs_as_mmengine_reads_them() -> None:
    """ConfigDict all the way down, guidance included."""
    model = build_model(Config(dict(model=uda_cfg(**MULTI))).model)
    assert isinstance(model, UDAEncoderDecoder)
    assert model.guidance.threshold == 0.6
    assert model.guidance.head is None


def test_guidance_names_its_head() -> None:
    """With two auxiliary heads, only the named one is trained on the target."""
    heads = [low_head_cfg(), head_cfg(1)]
    for index in (0, 1):
        guidance = {**GUIDANCE, 'head': index}
        model = build_model(uda_cfg(auxiliary_head=heads, guidance=guidance)).eval()
        data = model.data_preprocessor(uda_batch(), True)
        losses = model.loss_target(data['inputs']['target'], data['data_samples']['target'])
        assert float(losses['loss_guidance'].detach()) > 0
        losses['loss_guidance'].backward()
        touched = [
            any(p.grad is not None and p.grad.any() for p in head.parameters())
            for head in model.auxiliary_head
        ]
        assert touched == [index == 0, index == 1]


def test_a_list_of_one_head_needs_no_name() -> None:
    """As mmseg writes a single auxiliary head at times."""
    model = build_model(uda_cfg(auxiliary_head=[low_head_cfg()], guidance=GUIDANCE))
    log = model.train_step(uda_batch(), wrap(model))
    assert {'source.aux_0.loss_ce', 'target.loss_guidance'} <= set(log)


# Refusals.

MULTI_LABEL = head_cfg(loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True))
TWO_HEADS = [low_head_cfg(), head_cfg(1)]


@pytest.mark.parametrize(
    ('kwargs', 'error', 'message'),
    [
        (dict(decode_head=MULTI_LABEL), ValueError, 'use_sigmoid=True with 4 outputs makes'),
        (dict(guidance=GUIDANCE), ValueError, 'auxiliary head .*guidance=None'),
        (
            dict(guidance=GUIDANCE, auxiliary_head=TWO_HEADS),
            ValueError,
            r'2 auxiliary heads.*head=0..1, got None',
        ),
        (
            dict(guidance={**GUIDANCE, 'head': 2}, auxiliary_head=TWO_HEADS),
            ValueError,
            'head=0..1, got 2',
        ),
        (
            dict(guidance={**GUIDANCE, 'head': -1}, auxiliary_head=TWO_HEADS),
            ValueError,
            'head=0..1, got -1',
        ),
        (
            dict(guidance={**GUIDANCE, 'head': 3}, auxiliary_head=low_head_cfg()),
            ValueError,
            'got 3',
        ),
        (
            dict(guidance={**GUIDANCE, 'treshold': 0.9}, auxiliary_head=low_head_cfg()),
            TypeError,
            'treshold',
        ),
        (
            dict(guidance=dict(threshold=1.0), auxiliary_head=low_head_cfg()),
            ValueError,
            r'threshold must lie in \(0, 1\).*got 1.0',
        ),
        (
            dict(guidance=dict(threshold=0), auxiliary_head=low_head_cfg()),
            ValueError,
            'threshold .*got 0',
        ),
        (
            dict(guidance=dict(loss_weight=-1), auxiliary_head=low_head_cfg()),
            ValueError,
            'loss_weight .*got -1',
        ),
        (
            dict(guidance=dict(mask='both'), auxiliary_head=low_head_cfg()),
            ValueError,
            "mask .*'ensemble_class', 'any_class'.*'both'",
        ),
        (
            dict(guidance=dict(normalizer='none'), auxiliary_head=low_head_cfg()),
            ValueError,
            "normalizer .*'all_pixels', 'guided_pixels'.*'none'",
        ),
        (
            dict(guidance=GUIDANCE, auxiliary_head=low_head_cfg(num_classes=5)),
            ValueError,
            '5 classes, decode_head 4',
        ),
        (
            dict(target_loss=dict(type='CrossEntropyLoss', loss_name='target')),
            ValueError,
            'must contain "loss".*\'target\'',
        ),
        (
            dict(data_preprocessor=dict(type='mmengine.ImgDataPreprocessor')),
            TypeError,
            'UDADataPreprocessor, got ImgDataPreprocessor',
        ),
    ],
)
def test_refused_at_build_time(kwargs: dict, error: type, message: str) -> None:
    """What cannot train is refused before the first image is read."""
    with pytest.raises(error, match=message):
        MODELS.build(uda_cfg(**kwargs))


def test_target_loss_or_method_is_required() -> None:
    """Without either it is no adaptation."""
    cfg = uda_cfg()
    del cfg['target_loss']
    with pytest.raises(TypeError, match='target_loss'):
        MODELS.build(cfg)


def test_auxiliary_head_of_other_classes_is_fine_without_guidance() -> None:
    """Only the guidance ties the two label spaces together."""
    cfg = uda_cfg(auxiliary_head=low_head_cfg(num_classes=5))
    assert isinstance(MODELS.build(cfg), UDAEncoderDecoder)


def test_plain_batch_is_refused_in_training() -> None:
    """The message has the data set to write."""
    model = build_model(uda_cfg())
    with pytest.raises(TypeError, match=r"train_dataloader.dataset=dict\(type='UDADataset'"):
        model.train_step(plain_batch(), wrap(model))
