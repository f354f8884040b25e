"""How strong is a target loss beside the source loss?

The strength of a head is the mean length of the gradient of its target terms, over that of
its source terms, both by the logits that the head puts out, before they are enlarged to the
image. Terms count as they enter the total, with their weights. No label of the target is
used. A weight means different things for different losses; the strength makes them comparable.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from mmseg_maxsquare.models.trained_params import kept_statistics
from mmseg_maxsquare.models.uda_segmentor import UDASegmentor

BATCHES = 64


def strength(
    model: UDASegmentor, batches: Iterable[dict], count: int = BATCHES
) -> dict[str, float]:
    """Strength of the target terms of every head at the model's present weights.

    Args:
        model: In train mode; neither its parameters nor its batch norm statistics change.
        batches: Collated batches of a :class:`UDADataset` with both domains.
        count: Number of batches to use. Defaults to 64.

    Returns:
        ``E ||d target / d logits||_2 / E ||d source / d logits||_2`` by head, such as
        ``decode_head``; heads that a domain does not train are left out.
    """
    sums: dict[str, dict[str, float]] = {}
    for data in islice(batches, count):
        data = model.data_preprocessor(data, True)
        for domain in ('source', 'target'):
            part = {key: {domain: value[domain]} for key, value in data.items()}
            for head, length in gradient_lengths(model, part).items():
                sums.setdefault(head, {}).setdefault(domain, 0.0)
                sums[head][domain] += length
    both = {head: found for head, found in sums.items() if len(found) == 2}
    return {head: found['target'] / found['source'] for head, found in both.items()}


def gradient_lengths(model: UDASegmentor, part: dict[str, Any]) -> dict[str, float]:
    """Length of the gradient of the losses of one domain by the logits of each head."""
    with kept_statistics(model), recorded_logits(model) as logits:
        total, _ = model.parse_losses(model.loss(**part))
        found = [(head, tensor) for head, tensors in logits.items() for tensor in tensors]
        gradients = torch.autograd.grad(total, [t for _, t in found], allow_unused=True)
    squares: dict[str, float] = {}
    for (head, _), gradient in zip(found, gradients, strict=True):
        if gradient is not None:
            squares[head] = squares.get(head, 0.0) + gradient.float().square().sum().item()
    return {head: square**0.5 for head, square in squares.items()}


@contextmanager
def recorded_logits(model: nn.Module) -> Iterator[dict[str, list[Tensor]]]:
    """The logits that each head puts out while training, by the head's field."""
    found: dict[str, list[Tensor]] = {}
    heads = list(named_heads(model))
    for name, head in heads:
        head.forward = recording(head.forward, found.setdefault(name, []))
    try:
        yield found
    finally:
        for _, head in heads:
            del head.forward  # the class's own again


def named_heads(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Every decode and auxiliary head with its field, such as ``auxiliary_head.0``."""
    for field in ('decode_head', 'auxiliary_head'):
        part = getattr(model, field, None)
        if isinstance(part, nn.ModuleList):
            yield from ((f'{field}.{i}', head) for i, head in enumerate(part))
        elif part is not None:
            yield field, part


def recording(forward: Callable[..., Any], found: list[Tensor]) -> Callable[..., Any]:
    """A head's ``forward`` that also appends the maps it returns to a list."""

    def record(*args: Any, **kwargs: Any) -> Any:
        result = forward(*args, **kwargs)
        maps = result if isinstance(result, tuple | list) else [result]
        found.extend(part for part in maps if isinstance(part, Tensor) and part.requires_grad)
        return result

    return record
