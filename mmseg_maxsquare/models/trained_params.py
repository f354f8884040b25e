"""Which parameters of a model an adaptation trains."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.instancenorm import _InstanceNorm

TRAINED = ('all', 'norm')
NORMS = (_BatchNorm, _InstanceNorm, nn.GroupNorm, nn.LayerNorm)


def check_trained_params(trained: str) -> None:
    """Raise ``ValueError`` unless the choice is known."""
    if trained not in TRAINED:
        raise ValueError(f'trained_params must be one of {TRAINED}, got {trained!r}')


def train_norms_only(model: nn.Module) -> None:
    """Have a model train its norm layers alone.

    Their affine parameters get gradients, all others none; batch norms normalise by the
    batch and update their statistics; dropout and drop path are off, and modules with
    buffers of their own (EMANet's bases) do not update them. This overrides
    ``norm_eval``, ``frozen_stages`` and ``requires_grad=False``, which many backbones of
    mmseg set, and with which nothing would adapt.

    Args:
        model: In training mode.

    Raises:
        ValueError: If no norm layer has affine parameters.
    """
    affine = [parameter for layer in norm_layers(model) for parameter in layer.parameters()]
    if not affine:
        raise ValueError(
            "model.trained_params='norm': no norm layer of the model has affine parameters; "
            "set trained_params='all'"
        )
    model.requires_grad_(False)
    for parameter in affine:
        parameter.requires_grad_(True)
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.train()
        elif isinstance(module, _DropoutNd) or type(module).__name__ == 'DropPath':
            module.eval()
        elif list(module.buffers(recurse=False)) and not isinstance(module, NORMS):
            module.training = False


def norm_layers(model: nn.Module) -> Iterator[nn.Module]:
    """Batch, instance, group and layer norms."""
    return (module for module in model.modules() if isinstance(module, NORMS))


@contextmanager
def kept_statistics(model: nn.Module) -> Iterator[None]:
    """Batch norms use the statistics of the batch, but do not remember them."""
    norms = [layer for layer in model.modules() if isinstance(layer, _BatchNorm)]
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, momentum in zip(norms, momenta, strict=True):
            layer.momentum = momentum
