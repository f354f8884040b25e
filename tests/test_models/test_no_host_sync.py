"""The target pass never asks the device for a number, forward or backward.

The source pass is mmseg's, whose accuracy counts labelled pixels by a mask.
"""

import pytest
import torch

import mmseg_maxsquare  # noqa: F401  (registers)
from benchmarks.waiting_operators import Watch

from tests.helpers.tiny_models import build_model, low_head_cfg, uda_batch, uda_cfg

GUIDANCE = dict(threshold=0.4, loss_weight=0.5)
CASES = {
    'plain': {},
    'class': dict(target_loss=dict(type='MaxSquareLoss', alpha=0.2)),
    'argmax': dict(target_loss=dict(type='MaxSquareLoss', alpha=0.2, weight_by='argmax')),
    'entropy': dict(target_loss=dict(type='EntropyLoss', alpha=0.2, gamma=0.1)),
    'guidance': dict(auxiliary_head=low_head_cfg(), guidance=GUIDANCE),
    'any_class': dict(
        auxiliary_head=low_head_cfg(),
        guidance={**GUIDANCE, 'mask': 'any_class', 'normalizer': 'guided_pixels'},
    ),
}


@pytest.mark.parametrize('padded', [False, True])
@pytest.mark.parametrize('case', CASES)
def test_step_does_not_wait(case: str, padded: bool) -> None:
    model = build_model(uda_cfg(**CASES[case]))
    batch = uda_batch(target=((32, 32), (24, 32)) if padded else ((32, 32), (32, 32)))
    target = {key: value['target'] for key, value in model.data_preprocessor(batch, True).items()}
    with Watch() as watch:
        losses = model.loss_target(**target)
        loss, _ = model.parse_losses(losses)
        loss.backward()
    assert loss != 0
    assert watch.found == []


def test_the_watch_sees_what_waits() -> None:
    with Watch() as watch:
        x = torch.arange(3.0)
        x[x > 1].sum().item()
        torch.bincount(x.long())
    assert [name.split('.')[1] for name in watch.found] == [
        'index',
        '_local_scalar_dense',
        'bincount',
    ]
