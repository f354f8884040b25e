"""The loss functions in half precision, at huge logits, compiled and exported."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mmseg_maxsquare.losses import entropy_loss, max_square_loss, pearson_chi2

from .loss_cases import FUNCTIONS, LOSSES, WEIGHTINGS, mask_for, random_logits, value_and_grad

# Number formats


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@WEIGHTINGS
@FUNCTIONS
def test_half_precision_is_computed_in_float32(
    function: Callable, weighting: dict, dtype: torch.dtype
) -> None:
    half = random_logits(2, 19, 16, 16, dtype=dtype)
    full = half.detach().float().requires_grad_()
    value, grad = value_and_grad(function(half, **weighting), half)
    expected, expected_grad = value_and_grad(function(full, **weighting), full)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, expected, rtol=1e-6, atol=0)
    assert grad.dtype == dtype
    torch.testing.assert_close(grad, expected_grad.to(dtype), rtol=0, atol=1e-7)
    assert pearson_chi2(half).dtype == torch.float32


@WEIGHTINGS
@FUNCTIONS
def test_autocast_gives_the_same(function: Callable, weighting: dict) -> None:
    logits = random_logits(2, 5, 6, 4, dtype=torch.float32)
    with torch.autocast('cpu', torch.bfloat16):
        value = function(logits, **weighting)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, function(logits, **weighting), rtol=1e-6, atol=0)


@pytest.mark.parametrize('gamma', [0.0, 0.05])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16])
@WEIGHTINGS
def test_huge_logits_stay_finite(weighting: dict, dtype: torch.dtype, gamma: float) -> None:
    signs = torch.randint(0, 2, (2, 5, 6, 4)) * 2 - 1
    logits = (1e4 * signs).to(dtype).requires_grad_()
    for loss in (
        max_square_loss(logits, **weighting),
        entropy_loss(logits, gamma=gamma, **weighting),
    ):
        value, grad = value_and_grad(loss, logits)
        assert value.isfinite()
        assert grad.isfinite().all()


@WEIGHTINGS
@pytest.mark.parametrize('name', LOSSES)
def test_gradcheck(name: str, weighting: dict) -> None:
    function, _, extra = LOSSES[name]
    logits = random_logits(2, 3, 2, 2)
    ignore = mask_for(logits)
    assert torch.autograd.gradcheck(
        lambda x: function(x, ignore=ignore, **weighting, **extra), (logits,)
    )


# Compilers


class Losses(nn.Module):
    """All branches in one graph."""

    def forward(self, logits: Tensor, ignore: Tensor) -> Tensor:
        return (
            max_square_loss(logits, alpha=0.2, ignore=ignore)
            + max_square_loss(logits, alpha=0.2, weight_by='argmax', class_average=True)
            + entropy_loss(logits, gamma=0.05, ignore=ignore)
        )


def check_compiled(backend: str) -> None:
    """Value and gradient of the compiled graph against the eager ones."""
    logits = random_logits(2, 5, 6, 4, dtype=torch.float32)
    ignore = mask_for(logits)
    compiled = torch.compile(Losses(), backend=backend, fullgraph=True)
    value, grad = value_and_grad(compiled(logits, ignore), logits)
    expected, expected_grad = value_and_grad(Losses()(logits, ignore), logits)
    torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(grad, expected_grad, rtol=1e-4, atol=1e-7)


def test_compiles_to_one_graph() -> None:
    check_compiled('aot_eager')


@pytest.mark.slow
@pytest.mark.skipif(shutil.which('c++') is None, reason='inductor needs a C++ compiler')
def test_compiles_with_inductor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('TORCHINDUCTOR_CACHE_DIR', str(tmp_path))
    monkeypatch.setattr('torch._inductor.config.compile_threads', 1)
    torch._dynamo.reset()
    check_compiled('inductor')


def test_exports_with_free_height_and_width() -> None:
    example = random_logits(2, 5, 6, 4, dtype=torch.float32).detach()
    free = {2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO}
    program = torch.export.export(
        Losses(),
        (example, mask_for(example)),
        dynamic_shapes=(free, {1: free[2], 2: free[3]}),
    )
    logits = random_logits(2, 5, 9, 7, dtype=torch.float32)
    ignore = mask_for(logits)
    torch.testing.assert_close(
        program.module()(logits, ignore), Losses()(logits, ignore), rtol=1e-6, atol=1e-7
    )
