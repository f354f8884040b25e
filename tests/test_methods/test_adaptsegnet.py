"""AdaptSegNet: the discriminator, its losses, its configs' errors."""

import math

import pytest
import torch
from mmseg.registry import MODELS

from mmseg_maxsquare.methods import PatchDiscriminator
from mmseg_maxsquare.methods.adversarial import domain_loss

from tests.helpers.tiny_models import build_model, low_head_cfg, uda_cfg


def test_discriminator_of_the_facts() -> None:
    """Size and output shapes as counted from the released code."""
    network = PatchDiscriminator(19)
    assert sum(p.numel() for p in network.parameters()) == 2_781_121
    assert network(torch.zeros(1, 19, 720, 1280)).shape == (1, 1, 22, 40)
    assert network(torch.zeros(1, 19, 512, 1024)).shape == (1, 1, 16, 32)
    assert network(torch.zeros(2, 19, 32, 32)).shape == (2, 1, 1, 1)
    assert {type(layer).__name__ for layer in network} == {'Conv2d', 'LeakyReLU'}
    assert network[1].negative_slope == 0.2


def test_small_images_are_refused() -> None:
    """In one line, with the sizes."""
    with pytest.raises(ValueError, match='at least 32x32 pixels, got 40x31; use larger'):
        PatchDiscriminator(3)(torch.zeros(1, 3, 31, 40))


@pytest.mark.parametrize(('gan', 'expected'), [
    ('vanilla', {0.0: math.log(1 + math.e), 1.0: math.log(1 + math.exp(-1))}),
    ('least_squares', {0.0: 1.0, 1.0: 0.0}),
])  # fmt: skip
def test_domain_loss(gan: str, expected: dict) -> None:
    """Of a raw output of 1, by hand; ignored pixels weigh their patches."""
    ones = torch.ones(2, 1, 3, 4, dtype=torch.float64)
    for label, value in expected.items():
        assert float(domain_loss(ones, label, gan)) == pytest.approx(value, abs=1e-12)
    ignore = torch.zeros(2, 96, 128, dtype=torch.bool)
    ignore[:, :, 32:] = True
    left = ones.clone()
    left[..., 1:] = 7.0  # patches of ignored pixels only
    assert float(domain_loss(left, 0.0, gan, ignore)) == pytest.approx(expected[0.0], abs=1e-12)
    assert float(domain_loss(left, 0.0, gan, torch.ones_like(ignore))) == 0


@pytest.mark.parametrize(('fields', 'message'), [
    (dict(), 'weights'),
    (dict(weights={}), r'model.methods.0: weights must be a dict with a weight for each head'),
    (dict(weights=0.001), r'weights must be a dict .* got 0.001'),
    (dict(weights=dict(decode_head=-1)), r'weights.decode_head must be a number of at least 0'),
    (dict(weights=dict(decode_head='1')), r"weights.decode_head .* got '1'"),
    (dict(weights=dict(decode_head=1), gan='wgan'), r"gan must be one of .* got 'wgan'"),
    (dict(weights=dict(low=1)), r'the model has no low, but decode_head, auxiliary_head'),
    (dict(weights=dict(decode_head=1), lamda=2), r'AdaptSegNet does not know lamda'),
])  # fmt: skip
def test_wrong_fields(fields: dict, message: str) -> None:
    """Errors name the field."""
    method = dict(type='AdaptSegNet', **fields)
    with pytest.raises((TypeError, ValueError), match=message):
        MODELS.build(uda_cfg(methods=[method], auxiliary_head=low_head_cfg()))


@pytest.mark.parametrize(('methods', 'message'), [
    (dict(type='AdaptSegNet'), r'model.methods: must be a list'),
    ([dict(type='FCNHead', in_channels=3, channels=3, num_classes=2)], 'FCNHead is not a method'),
    ([dict(type='AdvEnt', weights=dict(decode_head=1))] * 2, r'model.methods.1: AdvEnt is there'),
    ([dict(type='AdaptSegnet', weights=dict(decode_head=1))], 'AdaptSegnet is not in'),
])  # fmt: skip
def test_wrong_lists(methods: object, message: str) -> None:
    """Errors name the entry."""
    with pytest.raises((TypeError, ValueError), match=message):
        MODELS.build(uda_cfg(methods=methods))


def test_names_of_the_networks() -> None:
    """All of them below one prefix; the other names are those of the plain model."""
    method = dict(type='AdaptSegNet', weights={'decode_head': 1, 'auxiliary_head.1': 1})
    heads = [low_head_cfg(), low_head_cfg()]
    model = build_model(uda_cfg(target_loss=None, methods=[method], auxiliary_head=heads))
    plain = {**uda_cfg(auxiliary_head=heads), 'type': 'EncoderDecoder'}
    del plain['target_loss']
    known = set(MODELS.build(plain).state_dict())
    extra = {name for name in model.state_dict() if name not in known}
    assert {name.split('.')[0] for name in extra} == {'methods'}
    assert {name.split('.')[3] for name in extra} == {'decode_head', 'auxiliary_head_1'}
