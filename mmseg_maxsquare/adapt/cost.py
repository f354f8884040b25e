"""Memory and time of a training step, measured on a small image."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from .image_sizes import NETWORK_ERRORS

PROBE = 128  # side of the image that is measured
BATCH = 2
# Bytes of stored activations. PSPNet on ResNet-50 takes 5 GB in all at 2048 x 1024.
BUDGET = 2.2e9
LEAST_SIDE = 128
MULTIPLE = 32


@dataclass(frozen=True)
class Cost:
    """Cost of a training step for each pixel of a batch.

    Attributes:
        bytes: Activations that are stored for the backward pass.
        seconds: Forward and backward pass, and the source model's forward pass.
        forward: Seconds of a forward pass.
        any_size: Whether the model takes images of another size than it was trained on.
    """

    bytes: float
    seconds: float
    forward: float
    any_size: bool = True


def measure(
    model: nn.Module, device: torch.device, crop: tuple[int, int], channels: int = 3
) -> Cost:
    """Measure a model's passes on a batch of two small images.

    Args:
        model: With ``target_logits``; its state changes.
        device: Where it will be trained.
        crop: (height, width) of the training images, for models of a fixed size.
        channels: Of the images.

    Raises:
        ValueError: If the model cannot take images of that size.
    """
    model = model.to(device).train()
    try:
        return _measure(model, device, (channels, PROBE, PROBE))
    except NETWORK_ERRORS:  # such as BEiT's table of positions
        pass
    try:
        return replace(_measure(model, device, (channels, *crop)), any_size=False)
    except NETWORK_ERRORS as error:
        text = ' '.join(str(error).split())[:200]
        raise ValueError(
            f'model: cannot be trained on images of {crop[1]} x {crop[0]}: {text}'
        ) from None


def _measure(model: nn.Module, device: torch.device, shape: tuple[int, int, int]) -> Cost:
    images = torch.rand(BATCH, *shape, device=device)
    pixels = BATCH * shape[1] * shape[2]
    weights = {parameter.data_ptr() for parameter in model.parameters()}
    stored: dict[int, int] = {}  # several operations may store the same tensor

    def count(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if tensor.data_ptr() not in weights:
            stored[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        model.target_logits(images).square().mean().backward()
    whole = _seconds(lambda: model.target_logits(images).square().mean().backward())
    with torch.no_grad():
        forward = _seconds(lambda: model.target_logits(images))
    model.zero_grad()
    return Cost(sum(stored.values()) / pixels, (whole + forward) / pixels, forward / pixels)


def _seconds(call: Callable[[], object]) -> float:
    """The shorter of two runs."""
    times = []
    for _ in range(2):
        started = time.perf_counter()
        call()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return min(times)


def fitting_crop(size: tuple[int, int], cost: Cost, budget: float) -> tuple[int, int]:
    """The largest crop of the same form whose training step fits into the memory.

    Args:
        size: (height, width) that is wanted.
        cost: Of the model.
        budget: Bytes.

    Returns:
        ``size`` if it fits, else sides that are multiples of 32, at least 128.
    """
    pixels = budget / (BATCH * cost.bytes)
    height, width = size
    if height * width <= pixels or not cost.any_size:
        return size
    factor = (pixels / (height * width)) ** 0.5
    sides = [int(side * factor) // MULTIPLE * MULTIPLE for side in size]
    return max(sides[0], LEAST_SIDE), max(sides[1], LEAST_SIDE)


def budget_of(device: torch.device) -> float:
    """Bytes for stored activations on a device."""
    if device.type == 'cuda':
        return 0.6 * torch.cuda.mem_get_info(device)[0]
    return BUDGET
