"""The strength of a target loss beside the source loss."""

import pytest
import torch

from mmseg_maxsquare.engine.strength import strength

from tests.helpers.tiny_models import build_model, plain_batch, uda_cfg


def batches() -> list[dict]:
    size = (16, 24)
    parts = dict(source=plain_batch((size, size)), target=plain_batch((size, size), labels=False))
    keys = ('inputs', 'data_samples')
    return [{key: {name: part[key] for name, part in parts.items()} for key in keys}]


def measured(weight: float, **loss: object) -> dict[str, float]:
    torch.manual_seed(0)
    model = build_model(uda_cfg(target_loss=dict(type='MaxSquareLoss', loss_weight=weight, **loss)))
    model.train()
    before = {k: v.clone() for k, v in model.state_dict().items() if 'num_batches' not in k}
    torch.manual_seed(1)
    found = strength(model, batches())
    assert all(torch.equal(model.state_dict()[key], value) for key, value in before.items())
    return found


def test_it_is_proportional_to_the_weight() -> None:
    one, three = measured(0.1), measured(0.3)
    assert one['decode_head'] > 0
    assert three['decode_head'] == pytest.approx(3 * one['decode_head'], rel=1e-4)


def test_the_class_average_divides_it() -> None:
    plain, divided = measured(0.1), measured(0.1, class_average=True)
    classes = build_model(uda_cfg()).num_classes
    assert plain['decode_head'] == pytest.approx(classes * divided['decode_head'], rel=1e-4)
