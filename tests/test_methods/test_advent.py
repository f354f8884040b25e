"""ADVENT: self-information, normalised entropy, entropy ranking."""

import math

import pytest
import torch
from mmseg.registry import MODELS

from mmseg_maxsquare.losses import entropy_loss
from mmseg_maxsquare.methods.advent import normalised_entropy_loss, self_information

from tests.helpers.tiny_models import build_model, low_head_cfg, uda_batch, uda_cfg
from tests.test_methods import adversarial_by_hand as hand

LOGITS = torch.randn(2, 5, 6, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_self_information() -> None:
    """Equal to the second implementation; sums to the normalised entropy; finite at the ends."""
    torch.testing.assert_close(self_information(LOGITS), hand.self_information(LOGITS))
    entropy = -(LOGITS.softmax(1) * LOGITS.log_softmax(1)).sum(1) / math.log(5)
    torch.testing.assert_close(self_information(LOGITS).sum(1), entropy)
    ends = self_information(torch.tensor([[1000.0, -1000.0, 0.0], [0.0, 0.0, 0.0]]))
    torch.testing.assert_close(ends, torch.tensor([[0.0] * 3, [1 / 3] * 3]))
    assert self_information(LOGITS.half()).dtype == torch.float32


@pytest.mark.parametrize('hardest', [1.0, 0.3])
def test_gradients(hardest: float) -> None:
    """Against finite differences."""
    logits = LOGITS[..., :3].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: normalised_entropy_loss(x, hardest), logits)
    assert torch.autograd.gradcheck(self_information, logits)


def test_hardest_pixels() -> None:
    """The mean over the 30 % most uncertain pixels of each image, by sorting."""
    entropy = self_information(LOGITS).sum(1).flatten(1).sort(1, descending=True).values
    expected = entropy[:, : round(0.3 * 42)].mean()
    torch.testing.assert_close(normalised_entropy_loss(LOGITS, 0.3), expected)
    ignore = torch.zeros(2, 6, 7, dtype=torch.bool)
    ignore[0, :4] = True
    kept = self_information(LOGITS[:1, :, 4:]).sum(1).flatten().sort(descending=True).values
    expected = (kept[: round(0.3 * 14)].mean() + entropy[1, : round(0.3 * 42)].mean()) / 2
    torch.testing.assert_close(normalised_entropy_loss(LOGITS, 0.3, ignore), expected)
    assert float(normalised_entropy_loss(LOGITS, 0.3, torch.ones_like(ignore))) == 0
    ties = torch.zeros(1, 5, 6, 7, requires_grad=True)
    normalised_entropy_loss(ties + 0.1 * torch.arange(5.0)[None, :, None, None], 0.3).backward()
    assert int((ties.grad.abs().sum(1) > 0).sum()) == round(0.3 * 42)


def test_weaker_than_the_other_minent() -> None:
    """BASELINES: 0.1 by C is 15.5 times 0.001 by log C, at 19 classes."""
    logits = torch.randn(1, 19, 4, 4)
    ours = 0.001 * normalised_entropy_loss(logits)
    papers = 0.1 * entropy_loss(logits, class_average=True)
    assert float(papers / ours) == pytest.approx(15.5, abs=0.01)


def test_terms_of_a_step() -> None:
    """Both levels with their weights; ignored pixels do not count."""
    weights = dict(decode_head=0.5, auxiliary_head=0.1)
    model = build_model(
        uda_cfg(
            target_loss=None,
            auxiliary_head=low_head_cfg(),
            methods=[dict(type='AdventMinEnt', weights=weights, hardest=0.3)],
        )
    ).train()
    batch = model.data_preprocessor(uda_batch(0), True)
    losses = model.loss_target(batch['inputs']['target'], batch['data_samples']['target'])
    features = model.extract_feat(batch['inputs']['target'])
    for name, weight in weights.items():
        logits = torch.nn.functional.interpolate(
            getattr(model, name)(features), (32, 32), mode='bilinear', align_corners=False
        )
        expected = weight * normalised_entropy_loss(logits, 0.3)
        torch.testing.assert_close(losses[f'loss_entropy.{name}'], expected)


@pytest.mark.parametrize('hardest', [0, -0.1, 1.1, float('nan')])
def test_wrong_share(hardest: float) -> None:
    """Refused by name."""
    method = dict(type='AdventMinEnt', weights=dict(decode_head=1), hardest=hardest)
    with pytest.raises(ValueError, match=r'model.methods.0: hardest must be a share in \(0, 1\]'):
        MODELS.build(uda_cfg(methods=[method]))
