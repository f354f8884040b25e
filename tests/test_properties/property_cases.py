"""What the property tests share: reproducible settings, and random logits with their masks."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from torch import Tensor

from mmseg_maxsquare.losses import entropy_loss, max_square_loss

# Derandomized: the same examples in every run, and none kept on disk between runs.
REPRODUCIBLE = settings(derandomize=True, deadline=None, max_examples=50, database=None)

NAMES = pytest.mark.parametrize('name', ['max_square', 'entropy', 'scaled entropy'])

HALF = (torch.float16, torch.bfloat16)
DTYPES = (*HALF, torch.float32, torch.float64)
LAYOUTS = ('contiguous', 'permuted', 'classes last', 'strided')
# 'clear': in every pixel one class leads by 0.1 at least, so that neither a
# small step nor another order of the classes changes what is predicted.
FINITE = ('clear', 'normal', 'constant', 'tied', 'extreme', 'largest')
WITH_INF = (*FINITE, 'ruled out')
MASKS = ('none', 'some', 'most', 'one image', 'all')
SEEDS = st.integers(0, 2**32 - 1)


class Case(NamedTuple):
    """Arguments of a loss.

    Attributes:
        logits: ``(B, C, *spatial)``, requires a gradient.
        ignore: Boolean ``(B, *spatial)`` or None.
        weight: At least 0, ``(B, *spatial)`` or None.
        options: alpha, weight_by, class_average.
        gamma: Scale of the scaled entropy.
    """

    logits: Tensor
    ignore: Tensor | None
    weight: Tensor | None
    options: dict
    gamma: float

    def maps(self) -> dict:
        """Keyword arguments that have one value a pixel."""
        return dict(ignore=self.ignore, weight=self.weight)


def random_logits(
    rng: np.random.Generator, shape: Sequence[int], kind: str, dtype: torch.dtype
) -> Tensor:
    """Contiguous logits of a kind (see WITH_INF)."""
    logits = rng.choice([0.3, 2, 10]) * rng.standard_normal(shape)
    leader = np.expand_dims(logits.argmax(1), 1)
    if kind == 'clear':
        np.put_along_axis(logits, leader, logits.max(1, keepdims=True) + 0.1, 1)
    elif kind == 'constant':
        logits = np.full(shape, rng.choice([-1e4, 0, 3.25, 1e4]))
    elif kind == 'tied':
        logits = rng.integers(0, 2, shape).astype(float)
    elif kind == 'extreme':
        logits = np.where(rng.random(shape) < 0.5, 1e4 * rng.choice([-1, 1], shape), logits)
    elif kind == 'largest':
        logits = float(torch.finfo(dtype).max) * rng.choice([-1, 1], shape)
    elif kind == 'ruled out':
        logits[rng.random(shape) < 0.5] = -np.inf
        np.put_along_axis(logits, leader, 1.0, 1)
    return torch.tensor(logits).to(dtype)


def random_mask(rng: np.random.Generator, shape: Sequence[int], kind: str) -> Tensor | None:
    """Ignore mask of a kind (see MASKS)."""
    if kind == 'none':
        return None
    if kind == 'one image':
        mask = rng.random(shape) < 0.3
        mask[0] = True
        return torch.tensor(mask)
    return torch.tensor(rng.random(shape) < {'some': 0.3, 'most': 0.9, 'all': 2}[kind])


def laid_out(rng: np.random.Generator, tensor: Tensor, layout: str) -> Tensor:
    """The same values in another order in memory."""
    if layout == 'permuted':
        order = rng.permutation(tensor.dim())
        return tensor.permute(*order).contiguous().permute(*np.argsort(order))
    if layout == 'classes last':
        return tensor.movedim(1, -1).contiguous().movedim(-1, 1) if tensor.dim() > 1 else tensor
    if layout == 'strided':
        return torch.stack((tensor, torch.ones_like(tensor)), -1)[..., 0]
    return tensor


@st.composite
def shapes(draw: st.DrawFn) -> tuple[int, ...]:
    """``(B, C, *spatial)``: 1-3 images, 2-20 classes, 0-3 axes."""
    spatial = draw(st.lists(st.integers(1, 4), max_size=3))
    return draw(st.integers(1, 3)), draw(st.integers(2, 20)), *spatial


@st.composite
def generators(draw: st.DrawFn) -> np.random.Generator:
    """Source of the values, which would take too long drawn one by one."""
    return np.random.default_rng(draw(SEEDS))


@st.composite
def cases(
    draw: st.DrawFn,
    kinds: Sequence[str] = WITH_INF,
    dtypes: Sequence[torch.dtype] = (torch.float64,),
    masks: Sequence[str] = MASKS,
    weighted: bool = True,
) -> Case:
    """Arguments of a loss; ``weighted=False`` for alpha = 0 and no weight."""
    shape, rng = draw(shapes()), draw(generators())
    dtype = draw(st.sampled_from(dtypes))
    logits = random_logits(rng, shape, draw(st.sampled_from(kinds)), dtype)
    pixels = (shape[0], *shape[2:])
    ignore = random_mask(rng, pixels, draw(st.sampled_from(masks)))
    weight = None
    if weighted and draw(st.booleans()):
        weight = torch.tensor(3 * rng.random(pixels) * (rng.random(pixels) < 0.8))
        weight = laid_out(rng, weight.to(draw(st.sampled_from(dtypes))), 'permuted')
    if ignore is not None:
        ignore = laid_out(rng, ignore, draw(st.sampled_from(LAYOUTS)))
    alphas = st.sampled_from([0.0, 0.2, 1.0]) | st.floats(0, 1)
    options = dict(
        alpha=draw(alphas) if weighted else 0.0,
        weight_by=draw(st.sampled_from(['class', 'argmax'])),
        class_average=draw(st.booleans()),
    )
    logits = laid_out(rng, logits, draw(st.sampled_from(LAYOUTS)))
    gamma = draw(st.sampled_from([0.05, 0.49]) | st.floats(0.01, 0.49))
    return Case(logits.requires_grad_(), ignore, weight, options, gamma)


def value_and_grad(loss: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    """A loss and its gradient with respect to the logits."""
    (grad,) = torch.autograd.grad(loss, logits)
    return loss.detach(), grad


def rows(tensor: Tensor) -> np.ndarray:
    """Pixels one below the other in float64: ``(B, N, C)`` of ``(B, C, *spatial)``."""
    array = tensor.detach().double().numpy()
    return np.moveaxis(array.reshape(*array.shape[:2], -1), 1, 2)


def flat(pixels: Tensor) -> np.ndarray:
    """``(B, N)`` of ``(B, *spatial)``."""
    return pixels.detach().numpy().reshape(len(pixels), -1)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Of the last axis."""
    with np.errstate(over='ignore', divide='ignore'):
        logits = logits - logits.max(-1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def loss_of(name: str, case: Case, **changes: object) -> Tensor:
    """Our loss; ``changes`` replace the case's arguments."""
    arguments = {**dict(logits=case.logits, **case.maps(), **case.options), **changes}
    if name == 'max_square':
        return max_square_loss(**arguments)
    return entropy_loss(**arguments, gamma=case.gamma if name == 'scaled entropy' else 0.0)
