"""The anchor in a training step: its term by hand, and what it leaves alone."""

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from mmseg_maxsquare.models.class_share_anchor import ClassShareAnchor, load_source

from .step_by_hand import images_by_hand, logits_by_hand, plain_twin, wrap
from .test_image_classifier import build, pair
from tests.helpers.tiny_models import (
    build_model,
    head_cfg,
    low_head_cfg,
    plain_cfg,
    uda_batch,
    uda_cfg,
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A checkpoint of a plain model."""
    path = tmp_path / 'source.pth'
    torch.save(dict(state_dict=build_model(plain_cfg(), seed=5).state_dict()), path)
    return path


def anchored(source: Path, **fields) -> nn.Module:
    return build_model(uda_cfg(anchor=dict(checkpoint=str(source), **fields)), seed=3).train()


@pytest.mark.parametrize('per', ['image', 'batch'])
def test_term_by_hand(source: Path, per: str) -> None:
    """KL of the shares of the source model in eval mode from those of the model as trained."""
    model = anchored(source, per=per, loss_weight=0.7)
    batch = uda_batch()
    twin = plain_twin(model)
    teacher = build_model(plain_cfg(), seed=5).eval()
    images = images_by_hand(batch, 'target')
    r, s = (
        logits_by_hand(net, images)[0].softmax(1).mean((2, 3)).detach() for net in (teacher, twin)
    )
    if per == 'batch':
        r, s = r.mean(0, keepdim=True), s.mean(0, keepdim=True)
    expected = 0.7 * float((r * (r / s).log()).sum(1).mean())
    log = model.train_step(batch, wrap(model))
    assert float(log['target.loss_class_share']) == pytest.approx(expected, rel=1e-4)
    total = sum(float(value) for name, value in log.items() if '.loss' in name)
    assert float(log['loss']) == pytest.approx(total, rel=1e-5)


def test_the_source_model_stays_and_is_no_part_of_the_model(source: Path) -> None:
    model, plain = anchored(source), build_model(uda_cfg(), seed=3)
    names = [name for name, _ in model.named_parameters()]
    optimizer = wrap(model)
    for step in range(3):
        model.train_step(uda_batch(step), optimizer)
    teacher = model.anchor.source(model)
    state = torch.load(source, weights_only=True)['state_dict']
    assert all(torch.equal(teacher.state_dict()[key], value) for key, value in state.items())
    assert not any(module.training for module in teacher.modules())
    assert not any(parameter.requires_grad for parameter in teacher.parameters())
    assert list(model.state_dict()) == list(plain.state_dict())
    assert [name for name, _ in model.named_parameters()] == names
    assert model.anchor.source(model) is teacher
    plain.load_state_dict(model.state_dict(), strict=True)


def test_without_weight_the_step_is_that_of_a_model_without_anchor(source: Path) -> None:
    models = [anchored(source, loss_weight=0.0), build_model(uda_cfg(), seed=3).train()]
    for model in models:
        model.train_step(uda_batch(), wrap(model))
    for name, value in models[0].state_dict().items():
        torch.testing.assert_close(value, models[1].state_dict()[name], msg=name)


def test_the_anchor_keeps_the_shares(source: Path) -> None:
    """Squares alone take the shares away from the source model's, with the anchor less so."""
    gaps = []
    for weight in (0.0, 10.0):
        model = anchored(source, loss_weight=weight)
        model.load_state_dict(torch.load(source, weights_only=True)['state_dict'])
        model.target_loss.loss_weight = 3.0
        optimizer = wrap(model)
        for _ in range(8):
            log = model.train_step(uda_batch(), optimizer)
        model.anchor.loss.loss_weight = 1.0
        log = model.train_step(uda_batch(), optimizer)
        gaps.append(float(log['target.loss_class_share']))
    assert gaps[1] < 0.5 * gaps[0]


def test_a_schedule_scales_the_anchor_too(source: Path) -> None:
    model = anchored(source)
    model.target_weight = 0.25
    twin = copy.deepcopy(model)
    twin.target_weight = 1.0
    terms = [m.train_step(uda_batch(), wrap(m))['target.loss_class_share'] for m in (model, twin)]
    assert float(terms[0]) == pytest.approx(0.25 * float(terms[1]), rel=1e-5)


def test_classifier(tmp_path: Path) -> None:
    """Logits without spatial axes: an image's shares are its probabilities."""
    torch.save(build().state_dict(), tmp_path / 'c.pth')
    anchor = dict(checkpoint=str(tmp_path / 'c.pth'), per='batch', loss_weight=1.0)
    loss = dict(type='MaxSquareLoss')
    model = build(type='UDAImageClassifier', target_loss=loss, anchor=anchor).train()
    nn.init.normal_(model.classifier.weight)
    log = model.train_step(pair(), wrap(model))
    assert float(log['target.loss_class_share']) > 0.01


def test_a_low_level_may_be_missing(source: Path) -> None:
    """The source model's shares come from the final level alone."""
    load_source(build_model(uda_cfg(auxiliary_head=low_head_cfg())), str(source))


def test_checkpoint_of_another_model(source: Path) -> None:
    model = build_model(uda_cfg(decode_head=head_cfg(num_classes=7)))
    with pytest.raises(ValueError, match=r'source\.pth does not fit the model: 2 tensors'):
        load_source(model, str(source))
    with pytest.raises(ValueError, match=r'model\.anchor\.checkpoint: no file gone\.pth'):
        load_source(model, 'gone.pth')


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        (dict(per='pixel'), r"model\.anchor: per must be one of .*, got 'pixel'"),
        (dict(loss_weight=-1), r'model\.anchor: loss_weight must be at least 0, got -1'),
    ],
)
def test_refused_fields(source: Path, fields: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        anchored(source, **fields)
    assert ClassShareAnchor(str(source)).loss.loss_weight == 0.3
