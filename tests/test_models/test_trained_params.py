"""Training the norm layers alone, with and without source images: what moves and what does not."""

import copy

import pytest
import torch
from torch import nn

from mmseg_maxsquare.losses import max_square_loss
from mmseg_maxsquare.models.trained_params import norm_layers, train_norms_only

from .step_by_hand import images_by_hand, logits_by_hand, plain_twin, wrap
from .test_uda_in_mmseg import family_cfg, resnet_cfg
from tests.helpers.tiny_models import (
    build_model,
    head_cfg,
    low_head_cfg,
    uda_batch,
    uda_cfg,
)


def target_alone(seed: int = 0) -> dict:
    return {key: dict(target=value['target']) for key, value in uda_batch(seed).items()}


def names_of(model: nn.Module) -> tuple[set[str], set[str]]:
    """Affine parameters of the norm layers, and statistics of the batch norms."""
    layers = set(norm_layers(model))
    affine, statistics = set(), set()
    for path, module in model.named_modules():
        if module in layers:
            affine |= {f'{path}.{name}' for name, _ in module.named_parameters()}
            statistics |= {f'{path}.{name}' for name, _ in module.named_buffers()}
    return affine, statistics


FROZEN = dict(backbone=resnet_cfg(norm_eval=True, frozen_stages=2, out_indices=(0, 1, 2, 3)))
FAMILIES = dict(
    plain={},
    frozen=dict(FROZEN, decode_head=head_cfg(3, in_channels=64)),
    SegFormer=family_cfg('SegFormer'),
    BiSeNetV2={k: v for k, v in family_cfg('BiSeNetV2').items() if k != 'guidance'},
)


@pytest.mark.parametrize('batch', [uda_batch, target_alone])
@pytest.mark.parametrize('name', FAMILIES)
def test_norms_move_and_nothing_else(name: str, batch) -> None:
    """Also those that ``norm_eval`` and ``frozen_stages`` would keep."""
    model = build_model(uda_cfg(**FAMILIES[name], trained_params='norm'), seed=3)
    model.target_loss.loss_weight = 30.0
    before = copy.deepcopy(model.state_dict())
    optimizer = wrap(model)
    for step in range(2):
        model.train().train_step(batch(step), optimizer)
    moved = {k for k, v in model.state_dict().items() if not torch.equal(v, before[k])}
    affine, statistics = names_of(model)
    assert moved <= affine | statistics
    # Auxiliary heads have no part in a step without a source.
    used = {n for n in affine | statistics if batch is uda_batch or 'auxiliary' not in n}
    assert len(moved & used) > 0.9 * len(used)


def test_a_step_without_a_source_by_hand() -> None:
    """One forward and backward of the target, one update."""
    model = build_model(uda_cfg(), seed=3).train()
    twin = plain_twin(model)
    batch = target_alone()
    log = model.train_step(batch, wrap(model))
    assert set(log) == {'loss', 'target.loss_max_square'}
    weight = model.target_loss.loss_weight
    loss = weight * max_square_loss(logits_by_hand(twin, images_by_hand(batch, 'target'))[0])
    optimizer = wrap(twin).optimizer
    loss.backward()
    optimizer.step()
    assert float(log['loss']) == pytest.approx(float(loss), rel=1e-5)
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, twin.state_dict()[key], msg=key)


@pytest.mark.parametrize('counts', [1, 2])
def test_accumulation_counts_one_backward_a_step(counts: int) -> None:
    model = build_model(uda_cfg(), seed=3).train()
    before = copy.deepcopy(model.state_dict()['decode_head.conv_seg.weight'])
    optimizer = wrap(model, accumulative_counts=counts)
    optimizer.initialize_count_status(model, 0, 4)
    changes = []
    for step in range(4):
        model.train_step(target_alone(step), optimizer)
        now = model.state_dict()['decode_head.conv_seg.weight']
        changes.append(not torch.equal(now, before))
        before = now.clone()
    assert changes == [counts == 1 or step % 2 == 1 for step in range(4)]


def test_dropout_is_off_and_the_mode_comes_back() -> None:
    model = build_model(uda_cfg(decode_head=head_cfg(dropout_ratio=0.5), trained_params='norm'))
    model.eval()
    model.train()
    assert not model.decode_head.dropout.training
    assert all(layer.training for layer in norm_layers(model))
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trained == names_of(model)[0]


def test_other_buffers_do_not_update() -> None:
    """As the bases of EMANet, which its head averages while it trains."""
    counter = Counter()
    model = nn.Sequential(counter, nn.BatchNorm2d(3)).train()
    train_norms_only(model)
    model(torch.rand(2, 3, 4, 4))
    assert counter.calls == 0
    assert model[1].num_batches_tracked == 1


class Counter(nn.Module):
    """Counts its calls in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer('calls', torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += self.training
        return x


def test_a_model_without_affine_norms_is_refused() -> None:
    with pytest.raises(ValueError, match='no norm layer of the model has affine parameters'):
        train_norms_only(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, affine=False)))


def test_refused_choice() -> None:
    with pytest.raises(ValueError, match="trained_params must be one of .*, got 'bias'"):
        build_model(uda_cfg(trained_params='bias'))


def test_statistics_of_the_target_alone() -> None:
    """Source images are normalised by their own statistics, which are not remembered."""
    cfg = uda_cfg(trained_params='norm', source_statistics=False, source_weight=0.0)
    both = build_model(cfg, seed=3).train()
    alone = build_model(cfg, seed=3).train()
    both.train_step(uda_batch(1), wrap(both))
    alone.train_step(target_alone(1), wrap(alone))
    found, expected = both.state_dict(), alone.state_dict()
    for key in found:
        if not key.startswith('auxiliary') and not key.endswith('num_batches_tracked'):
            torch.testing.assert_close(found[key], expected[key])


@pytest.mark.parametrize('weight', [0.5, 2.0])
def test_weight_of_the_source_losses(weight: float) -> None:
    """All source losses, and nothing else, are multiplied."""
    one = build_model(uda_cfg(auxiliary_head=low_head_cfg()), seed=1)
    other = build_model(uda_cfg(auxiliary_head=low_head_cfg(), source_weight=weight), seed=1)
    losses, weighted = (model.train_step(uda_batch(2), wrap(model)) for model in (one, other))
    for name, value in losses.items():
        if name != 'loss':
            factor = weight if name.startswith('source.') and 'loss' in name else 1.0
            torch.testing.assert_close(weighted[name], value * factor)
    with pytest.raises(ValueError, match='model.source_weight: must be at least 0'):
        build_model(uda_cfg(source_weight=-1.0))
