"""Saves in a checkpoint the accumulated gradients that the optimizer has not applied yet."""

from mmengine.model import is_model_wrapper
from torch import Tensor, nn


def store_gradients(model: nn.Module, checkpoint: dict) -> None:
    """Add the existing gradients; right after an optimizer step there are none."""
    gradients = {
        name: parameter.grad.detach().cpu()
        for name, parameter in _parameters(model).items()
        if parameter.grad is not None
    }
    if gradients:
        checkpoint['gradients'] = gradients


def restore_gradients(model: nn.Module, gradients: dict[str, Tensor]) -> None:
    """Restore these gradients, so that the next steps add to them."""
    parameters = _parameters(model)
    for name, gradient in gradients.items():
        parameters[name].grad = gradient.to(parameters[name].device)


def _parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    model = model.module if is_model_wrapper(model) else model
    return dict(model.named_parameters())
