"""Every method under automatic mixed precision; on the CPU in bfloat16, also with loss scaling."""

from functools import partial

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.optim.optimizer import amp_optimizer_wrapper

import mmseg_maxsquare  # noqa: F401  (registers the methods)

from tests.helpers.tiny_models import build_model, uda_batch, uda_cfg

WEIGHTS = dict(decode_head=0.5)
METHODS = dict(
    AdaptSegNet=dict(type='AdaptSegNet', weights=WEIGHTS),
    AdvEnt=dict(type='AdvEnt', weights=WEIGHTS),
    AdventMinEnt=dict(type='AdventMinEnt', weights=WEIGHTS),
    MinEntER=dict(type='AdventMinEnt', weights=WEIGHTS, hardest=0.3),
    CrossCity=dict(type='CrossCity'),
)
WITHOUT_NETWORKS = ('AdventMinEnt', 'MinEntER')


def optimizers(name: str, **wrapper: object) -> dict:
    fields = dict(optimizer=dict(type='SGD', lr=0.1), **wrapper)
    if name not in WITHOUT_NETWORKS:
        fields.update(
            constructor='MethodOptimWrapperConstructor',
            methods=dict(optimizer=dict(type='SGD', lr=0.1)),
        )
    return fields


def step(name: str, **wrapper: object) -> tuple[dict, dict]:
    """Logged values of a step, and what it changed, by parameter."""
    model = build_model(uda_cfg(target_loss=None, methods=[METHODS[name]])).train()
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    torch.manual_seed(0)
    logged = model.train_step(uda_batch(0), build_optim_wrapper(model, optimizers(name, **wrapper)))
    changed = {key: value.detach() - before[key] for key, value in model.named_parameters()}
    return {key: float(value) for key, value in logged.items()}, changed


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """mmengine's wrapper asks for a GPU."""
    scaler = partial(torch.amp.GradScaler, device='cpu')
    monkeypatch.setattr(amp_optimizer_wrapper, 'is_cuda_available', lambda: True)
    monkeypatch.setattr(amp_optimizer_wrapper, 'GradScaler', scaler)


@pytest.mark.parametrize('name', METHODS)
def test_a_step_is_about_that_in_float32(name: str) -> None:
    logged, changed = step(name)
    amp, changed_amp = step(
        name, type='AmpOptimWrapper', dtype='bfloat16', loss_scale=dict(enabled=False)
    )
    assert amp.keys() == logged.keys()
    for key, value in logged.items():
        if 'loss' in key:
            assert amp[key] == pytest.approx(value, rel=0.05, abs=1e-3)
    for part in ('decode_head', 'methods'):
        ours, theirs = (
            torch.cat(
                [v.flatten() for k, v in sorted(found.items()) if k.startswith(part)]
                or [torch.ones(1)]
            )
            for found in (changed_amp, changed)
        )
        assert ours.isfinite().all() and theirs.abs().max() > 0
        assert torch.cosine_similarity(ours, theirs, dim=0) > 0.95


@pytest.mark.parametrize('name', METHODS)
def test_scaling_the_losses_changes_no_update(name: str) -> None:
    """Powers of two; segmentor and networks have a scaler each."""
    _, plain = step(name, type='AmpOptimWrapper', dtype='bfloat16', loss_scale=dict(enabled=False))
    _, scaled = step(
        name, type='AmpOptimWrapper', dtype='bfloat16', loss_scale=dict(init_scale=2.0**10)
    )
    for key, value in plain.items():
        torch.testing.assert_close(scaled[key], value, rtol=1e-5, atol=1e-9)
