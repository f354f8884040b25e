"""Sums over pixels of a function of the probabilities, with the gradient in closed form.

Autograd would keep several maps of the size of the logits in memory between forward and
backward; here it is one. With terms a f(p) of the probabilities p, the gradient of
their sum with respect to logit k is p_k (h_k - sum_c p_c h_c), where h = a f'(p).
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class MaxSquareSum(torch.autograd.Function):
    """Sum of -a p^2 / 2 over all elements, where a is the product of two factors.

    Args of ``apply``:
        logits: ``(B, C, *spatial)``, float32 or float64.
        class_factor: Constant that broadcasts against the logits; None for 1.
        pixel_factor: Constant, ``(B, 1, *spatial)`` or broadcasting to it.
    """

    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, class_factor: Tensor | None, pixel_factor: Tensor
    ) -> Tensor:
        p = logits.softmax(1)
        ctx.save_for_backward(p, class_factor, pixel_factor)
        terms = _times(p.square(), class_factor).sum(1, keepdim=True)
        return -0.5 * (terms * pixel_factor).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        p, class_factor, pixel_factor = ctx.saved_tensors
        h = _times(p.neg(), class_factor)
        return _through_softmax(p, h, pixel_factor * grad), None, None


class EntropySum(torch.autograd.Function):
    """Sum of -a q log q, where q = (1 - 2 gamma) p + gamma; see :class:`MaxSquareSum`."""

    @staticmethod
    def forward(
        ctx: Any,
        logits: Tensor,
        class_factor: Tensor | None,
        pixel_factor: Tensor,
        gamma: float,
    ) -> Tensor:
        # A class with a logit of -inf has p log p = 0, not NaN.
        log_p = logits.log_softmax(1).clamp_(min=torch.finfo(logits.dtype).min / 4)
        ctx.save_for_backward(log_p, class_factor, pixel_factor)
        ctx.gamma = gamma
        q, log_q = _scaled(log_p, gamma)
        terms = _times(q.mul_(log_q), class_factor).sum(1, keepdim=True)
        return -(terms * pixel_factor).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        log_p, class_factor, pixel_factor = ctx.saved_tensors
        _, log_q = _scaled(log_p, ctx.gamma)
        h = _times((log_q + 1).mul_(2 * ctx.gamma - 1), class_factor)
        return _through_softmax(log_p.exp(), h, pixel_factor * grad), None, None, None


def _scaled(log_p: Tensor, gamma: float) -> tuple[Tensor, Tensor]:
    """q and log q."""
    if gamma == 0:
        return log_p.exp(), log_p
    q = log_p.exp().mul_(1 - 2 * gamma).add_(gamma)
    return q, q.log()


def _times(terms: Tensor, factor: Tensor | None) -> Tensor:
    """The product, computed in place in the first factor."""
    return terms if factor is None else terms.mul_(factor)


def _through_softmax(p: Tensor, h: Tensor, factor: Tensor) -> Tensor:
    """Gradient with respect to the logits, computed in place in ``h``."""
    return h.sub_((p * h).sum(1, keepdim=True)).mul_(p).mul_(factor)
