"""Whether a checkpoint fits the model that is to start from it."""

import re

import torch
from torch import Tensor, nn

from mmseg_maxsquare.engine import check_checkpoint

from .errors import some

# A source model of two levels may be adapted, or tested, with only the final level; and a model
# adapted by networks of a method be used without these, or start a run that trains new ones.
MAY_BE_LEFT = ('auxiliary_head.', 'data_preprocessor.', 'methods.')
MAY_BE_NEW = ('methods.',)
COUNTER = 'num_batches_tracked'  # absent in files of very old PyTorch; never used
REMEDY = 'take a checkpoint of a model with the same architecture and classes'


def misfit(path: str, model: nn.Module) -> str | None:
    """Why a checkpoint does not fit this model; None if it fits.

    mmengine skips tensors that do not fit and continues with random weights.

    Args:
        path: A file.
        model: On the CPU; it has the checkpoint's weights afterwards if it fits, and may have
            some of them, or none, if it does not.

    Raises:
        ValueError: If the file cannot be read, or not safely.
    """
    checkpoint = check_checkpoint(path)
    state = checkpoint.get('state_dict', checkpoint)
    state = {re.sub(r'^module\.', '', _name(path, key)): value for key, value in state.items()}
    for key in model.state_dict():
        if not isinstance(state.get(key, torch.empty(0)), Tensor):
            raise ValueError(f'{path}: {key} is a {type(state[key]).__name__}, not a tensor')
    return _misfit(path, state, model)


def load_fitting(path: str, model: nn.Module) -> nn.Module:
    """The model with the weights of a checkpoint that fits it.

    Args:
        path: A file.
        model: On the CPU.

    Raises:
        ValueError: If the file cannot be read safely, or does not fit.
    """
    found = misfit(path, model)
    if found:
        raise ValueError(found)
    return model


def _name(path: str, key: object) -> str:
    if not isinstance(key, str):
        raise ValueError(f'{path}: the key {key!r} of its tensors is not a name')
    return key


def _misfit(path: str, state: dict[str, Tensor], model: nn.Module) -> str | None:
    ours = model.state_dict()
    wrong = [
        f'{key} is {tuple(state[key].shape)}, in the model {tuple(value.shape)}'
        for key, value in ours.items()
        if key in state and state[key].shape != value.shape
    ]
    if wrong:
        return f'{path} does not fit: {len(wrong)} tensors have another shape: {some(wrong, 3)}'
    with torch.no_grad():
        # Modules may accept keys under an older name.
        result = model.load_state_dict(state, strict=False)
    missing = [key for key in result.missing_keys if not key.endswith(COUNTER)]
    missing = [key for key in missing if not key.startswith(MAY_BE_NEW)]
    if missing:
        return (
            f"{path} does not fit: it lacks {len(missing)} of the model's {len(ours)} tensors: "
            f'{some(missing, 3)}'
        )
    # E.g. a ResNet-101 contains all tensors of a ResNet-50, and more.
    parts = tuple(f'{name}.' for name, _ in model.named_children())
    over = [key for key in result.unexpected_keys if key.startswith(parts)]
    over = [key for key in over if not key.startswith(MAY_BE_LEFT)]
    if over:
        return f'{path} does not fit: the model lacks {len(over)} of its tensors: {some(over, 3)}'
    return None
