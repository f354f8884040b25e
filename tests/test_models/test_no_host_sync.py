"""The target pass never asks the device for a number, forward or backward.

The source pass is mmseg's, whose accuracy counts labelled pixels by a mask.
"""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import mmseg_maxsquare  # noqa: F401  (registers)

from tests.helpers.tiny_models import build_model, low_head_cfg, uda_batch, uda_cfg

# Operators that wait for a GPU: a number, or a shape that depends on values.
WAITING = ('_local_scalar_dense', 'item', 'nonzero', 'bincount', 'unique', 'masked_select', 'equal')
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


class Watch(TorchDispatchMode):
    """Collects the waiting operators that run under it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.__name__.split('.')[0]
        by_mask = name in ('index', 'index_put', 'index_put_') and any(
            index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1]
        )
        if name in WAITING or by_mask:
            self.found.append(str(func))
        return func(*args, **(kwargs or {}))


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
