"""Gradients of steps that the optimizer has not made yet, in a checkpoint."""

from mmengine.model import is_model_wrapper
from torch import Tensor, nn


def store_gradients(model: nn.Module, checkpoint: dict) -> None:
    """Add the gradients that there are; right behind an optimizer's step there are none."""
    gradients = {
        name: parameter.grad.detach().cpu()
        for name, parameter in _parameters(model).items()
        if parameter.grad is not None
    }
    if gradients:
        checkpoint['gradients'] = gradients


def restore_gradients(model: nn.Module, gradients: dict[str, Tensor]) -> None:
    """Give the parameters these gradients, for the next steps to be added to."""
    parameters = _parameters(model)
    for name, gradient in gradients.items():
        parameters[name].grad = gradient.to(parameters[name].device)


def _parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    model = model.module if is_model_wrapper(model) else model
    return dict(model.named_parameters())
