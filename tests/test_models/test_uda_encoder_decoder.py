"""The adapted segmentor's step against a second implementation."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from .step_by_hand import (
    GUIDANCE,
    MULTI,
    assert_same_state,
    change,
    gradients_by_hand,
    images_by_hand,
    plain_twin,
    sgd,
    wrap,
)
from tests.helpers.tiny_models import CLASSES, build_model, low_head_cfg, uda_batch, uda_cfg


@pytest.mark.parametrize(('extra', 'guided'), [({}, False), (MULTI, True)])
def test_step_equals_the_step_by_hand(extra: dict, guided: bool) -> None:
    """Three steps: parameters, momentum and batch-norm statistics to 1e-6, and the log."""
    model = build_model(uda_cfg(**extra))
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    twin = plain_twin(model, **{k: v for k, v in extra.items() if k == 'auxiliary_head'})
    wrapper, optimizer = wrap(model), sgd(twin)
    for step in range(3):
        log = model.train_step(uda_batch(step), wrapper)
        expected = gradients_by_hand(twin, uda_batch(step), guided)
        optimizer.step()
        optimizer.zero_grad()
        for name, value in expected.items():
            assert float(log[name]) == pytest.approx(value, abs=1e-5), name
        assert_same_state(model, twin)
    assert change(model, before) > 0.01
    assert model.backbone.bn1.num_batches_tracked == 6


def test_logged_names_and_sum() -> None:
    """The loss is the sum of what contains "loss"; statistics stay outside."""
    model = build_model(uda_cfg(**MULTI))
    log = {k: float(v) for k, v in model.train_step(uda_batch(), wrap(model)).items()}
    losses = {
        'source.decode.loss_ce',
        'source.aux.loss_ce',
        'target.loss_max_square',
        'target.loss_guidance',
    }
    statistics = {'source.decode.acc_seg', 'source.aux.acc_seg', 'target.guided_share'}
    assert set(log) == {'loss', *losses, *statistics}
    assert next(iter(log)) == 'loss'
    assert log['loss'] == pytest.approx(sum(log[name] for name in losses), abs=1e-6)
    assert 0 < log['target.guided_share'] < 1
    assert log['target.loss_guidance'] > 0.001


def test_log_holds_no_graph() -> None:
    """Nothing that is logged keeps the graph of the step alive."""
    model = build_model(uda_cfg(**MULTI))
    log = model.train_step(uda_batch(), wrap(model))
    assert not log['loss'].requires_grad
    assert {value.dtype for value in log.values()} == {torch.float32}


def test_one_graph_at_a_time() -> None:
    """Source forward, backward, then target forward, backward, then one update."""
    events = []

    class Recorder(OptimWrapper):
        def backward(self, loss: Tensor, **kwargs) -> None:
            events.append('backward')
            super().backward(loss, **kwargs)

        def step(self, **kwargs) -> None:
            events.append('step')
            super().step(**kwargs)

    model = build_model(uda_cfg())
    model.backbone.register_forward_hook(lambda *_: events.append('forward'))
    model.train_step(uda_batch(), wrap(model, Recorder))
    assert events == ['forward', 'backward', 'forward', 'backward', 'step']


@pytest.mark.parametrize('target_weight', [0.0, 0.25, 1.0, 2.0])
def test_target_weight_scales_all_target_terms(target_weight: float) -> None:
    """Values and gradients of the target; the share stays."""
    model = build_model(uda_cfg(**MULTI)).eval()
    data = model.data_preprocessor(uda_batch(), True)
    arguments = data['inputs']['target'], data['data_samples']['target']
    results = []
    for weight in (1.0, target_weight):
        model.target_weight = weight
        losses = model.loss_target(*arguments)
        model.zero_grad()
        (losses['loss_max_square'] + losses['loss_guidance']).backward()
        grads = [p.grad.clone() for p in model.parameters() if p.grad is not None]
        results.append(({k: float(v) for k, v in losses.items()}, grads))
    (full, full_grads), (scaled, grads) = results
    for name in ('loss_max_square', 'loss_guidance'):
        assert full[name] != 0
        assert scaled[name] == pytest.approx(target_weight * full[name], rel=1e-5, abs=1e-8)
    assert scaled['guided_share'] == full['guided_share']
    assert len(grads) == len(full_grads) > 10
    for grad, other in zip(grads, full_grads, strict=True):
        torch.testing.assert_close(grad, target_weight * other, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(('lambda_t', 'lambda_low'), [(0.1, 0.1), (0.5, 1.0), (0.0, 0.1), (2, 0)])
def test_guidance_weighs_lambda_t_times_lambda_low(lambda_t: float, lambda_low: float) -> None:
    """Eq. 14: the guidance is part of what lambda_T weighs."""
    values = []
    for weights in ((1.0, 1.0), (lambda_t, lambda_low)):
        cfg = uda_cfg(
            auxiliary_head=low_head_cfg(),
            target_loss=dict(type='MaxSquareLoss', loss_weight=weights[0]),
            guidance=dict(threshold=0.6, loss_weight=weights[1]),
        )
        model = build_model(cfg)
        log = model.train_step(uda_batch(), wrap(model))
        values.append(float(log['target.loss_guidance']))
    assert values[0] > 0.01
    assert values[1] == pytest.approx(lambda_t * lambda_low * values[0], rel=1e-5, abs=1e-8)


@pytest.mark.parametrize('normalizer', ['all_pixels', 'guided_pixels'])
def test_no_guided_pixel_gives_zero(normalizer: str) -> None:
    """Not NaN: loss, share and the low head's gradient from the target are 0."""
    guidance = dict(threshold=0.999999, loss_weight=1.0, normalizer=normalizer)
    model = build_model(uda_cfg(auxiliary_head=low_head_cfg(), guidance=guidance), spread=0.01)
    data = model.data_preprocessor(uda_batch(), True)
    losses = model.loss_target(data['inputs']['target'], data['data_samples']['target'])
    assert float(losses['loss_guidance']) == float(losses['guided_share']) == 0
    losses['loss_guidance'].backward()
    grads = [p.grad for p in model.auxiliary_head.parameters() if p.grad is not None]
    assert grads and all((grad == 0).all() for grad in grads)


def test_guidance_by_its_names() -> None:
    """The released code's mask guides more pixels, its normalizer divides by fewer."""
    logs = {}
    for name, extra in (
        ('paper', {}),
        ('any_class', dict(mask='any_class')),
        ('guided_pixels', dict(normalizer='guided_pixels')),
    ):
        model = build_model(uda_cfg(**{**MULTI, 'guidance': {**GUIDANCE, **extra}}))
        logs[name] = model.train_step(uda_batch(target=((32, 32),)), wrap(model))
    share = {name: float(log['target.guided_share']) for name, log in logs.items()}
    assert share['any_class'] > share['paper'] == share['guided_pixels']
    loss = {name: float(log['target.loss_guidance']) for name, log in logs.items()}
    assert loss['guided_pixels'] == pytest.approx(loss['paper'] / share['paper'], rel=1e-5)


@pytest.mark.parametrize(('counts', 'steps', 'max_counts'), [(2, 4, -1), (3, 6, -1), (2, 3, 3)])
def test_gradient_accumulation_equals_the_one_by_hand(
    counts: int, steps: int, max_counts: int
) -> None:
    """One update after every ``counts`` steps; a remainder is averaged by itself."""
    model = build_model(uda_cfg(**MULTI))
    twin = plain_twin(model, auxiliary_head=low_head_cfg())
    wrapper, optimizer = wrap(model, accumulative_counts=counts), sgd(twin)
    if max_counts > 0:
        wrapper.initialize_count_status(model, 0, max_counts)
    for step in range(steps):
        model.train_step(uda_batch(step), wrapper)
        remainder = steps % counts if step >= steps - steps % counts else 0
        gradients_by_hand(twin, uda_batch(step), True, divide=remainder or counts)
        before = {name: value.detach().clone() for name, value in twin.named_parameters()}
        if (step + 1) % counts == 0 or step + 1 == max_counts:
            optimizer.step()
            optimizer.zero_grad()
            assert change(model, before) > 0.001
        else:
            assert change(model, before) < 1e-6
        assert_same_state(model, twin)
        assert wrapper.inner_count == step + 1


@pytest.mark.parametrize('accumulative_counts', [1, 2, 4])
def test_inner_count_advances_by_one(accumulative_counts: int) -> None:
    """Two backward passes are one step for mmengine's bookkeeping."""
    model = build_model(uda_cfg())
    wrapper = wrap(model, accumulative_counts=accumulative_counts)
    counts = []
    for step in range(5):
        model.train_step(uda_batch(step), wrapper)
        counts.append(wrapper.inner_count)
    assert counts == [1, 2, 3, 4, 5]


def test_clipping_applies_to_the_sum() -> None:
    """Not to each domain's gradient: same update as clipping the sum by hand."""
    model = build_model(uda_cfg(**MULTI))
    twin = plain_twin(model, auxiliary_head=low_head_cfg())
    wrapper, optimizer = wrap(model, clip_grad=dict(max_norm=0.5)), sgd(twin)
    for step in range(2):
        model.train_step(uda_batch(step), wrapper)
        gradients_by_hand(twin, uda_batch(step), True)
        assert torch.nn.utils.clip_grad_norm_(twin.parameters(), 0.5) > 0.75
        optimizer.step()
        optimizer.zero_grad()
        assert_same_state(model, twin)


class Bfloat16Wrapper(OptimWrapper):
    """Mixed precision as it works on a CPU."""

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast around the forward pass, as AmpOptimWrapper does."""
        with super().optim_context(model), torch.autocast('cpu', dtype=torch.bfloat16):
            yield


def test_mixed_precision() -> None:
    """bfloat16 logits, float32 losses near those in full precision, finite update."""
    logs = []
    for cls in (OptimWrapper, Bfloat16Wrapper):
        model = build_model(uda_cfg(**MULTI))
        model.snapshot = {}
        logs.append(model.train_step(uda_batch(), wrap(model, cls)))
    assert model.snapshot['logits'].dtype == torch.bfloat16
    full, mixed = logs
    assert list(full) == list(mixed)
    for name, value in mixed.items():
        assert value.dtype == torch.float32, name
        assert torch.isfinite(value).all(), name
        if 'acc' not in name:
            assert float(value) == pytest.approx(float(full[name]), rel=0.1, abs=0.02), name
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


def test_snapshot() -> None:
    """What a hook finds after a step: detached, of the target only, once asked for."""
    model = build_model(uda_cfg(**MULTI))
    batch = uda_batch()
    model.train_step(uda_batch(), wrap(model))
    assert model.snapshot is None
    model.snapshot = {}
    model.train_step(batch, wrap(model))
    assert set(model.snapshot) == {'inputs', 'logits', 'guidance', 'ignore'}
    torch.testing.assert_close(model.snapshot['inputs'], images_by_hand(uda_batch(), 'target'))
    assert model.snapshot['logits'].shape == (2, CLASSES, 32, 32)
    assert not model.snapshot['logits'].requires_grad
    assert model.snapshot['guidance'].shape == (2, 32, 32)
    assert model.snapshot['ignore'] is None
