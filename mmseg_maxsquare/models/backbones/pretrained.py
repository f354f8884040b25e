"""Strict loading of a backbone's ImageNet weights from a file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from ...safe_types import allow_mmengine_checkpoints


def load_pretrained(
    backbone: nn.Module,
    path: str | Path,
    where: str,
    rename: Callable[[str], str] = lambda key: key,
    prefixes: Sequence[str] = ('',),
) -> None:
    """Load every parameter and buffer of a backbone; additional keys are allowed.

    Args:
        backbone: Module to fill.
        path: Weight file: a state dict, or a dict that holds one under
            ``state_dict``.
        where: Where to get such a file, for the error message.
        rename: Function from one of our keys to the key in the file.
        prefixes: Possible prefixes of the keys in the file; the first prefix that
            matches any of our keys is used.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If the file is not a weight file, is incomplete, has tensors of
            another shape, or has its batch norms folded into scale and shift.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'ImageNet weights {path} not found: {where}; '
            'to start from random weights set model.backbone.pretrained=None'
        )
    state = read_state_dict(path)
    ours = backbone.state_dict()
    names = {key: rename(key) for key in ours if not key.endswith('num_batches_tracked')}
    fitting = [p for p in prefixes if any(p + name in state for name in names.values())]
    prefix = fitting[0] if fitting else prefixes[0]
    keys = {key: prefix + name for key, name in names.items()}
    wrong = [theirs for theirs in keys.values() if theirs not in state]
    wrong += [
        f'{theirs} {tuple(state[theirs].shape)} instead of {tuple(ours[key].shape)}'
        for key, theirs in keys.items()
        if theirs in state and state[theirs].shape != ours[key].shape
    ]
    if wrong:
        raise ValueError(
            f'{path} does not fit {type(backbone).__name__}: {len(wrong)} of {len(keys)} tensors '
            f'are missing or of another shape, first {", ".join(wrong[:3])}; {where}'
        )
    if _is_folded({key: state[theirs] for key, theirs in keys.items()}):
        raise ValueError(
            f'the batch norms of {path} are folded into their scale and shift (every running mean '
            f'is 0 and variance 1), which does not fit training-mode batch norm; {where}'
        )
    backbone.load_state_dict({key: state[theirs] for key, theirs in keys.items()}, strict=False)
    print_log(f'{type(backbone).__name__}: {len(keys)} tensors from {path}', logger='current')


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Tensors of a weight file, read without running code from it.

    Raises:
        ValueError: If the file holds anything but tensors by name.
    """
    allow_mmengine_checkpoints()  # again: OneDL's loader removes them at its end
    try:
        state = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # the unpickler raises many types of errors on a broken file
        # PyTorch's own message advises to load unsafely, so it is not repeated here.
        raise ValueError(
            f'{path} is not a readable weight file ({type(error).__name__} in the safe loader)'
        ) from None
    state = state.get('state_dict', state) if isinstance(state, dict) else {}
    named = isinstance(state, dict) and state
    if not named or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f'{path} holds no state dict (tensors by name)')
    return state


def _is_folded(state: dict[str, Tensor]) -> bool:
    """Whether batch norms have trained shifts but no statistics.

    A network that was never trained has no statistics either, but no shifts.
    """
    means = [value for key, value in state.items() if key.endswith('running_mean')]
    variances = [value for key, value in state.items() if key.endswith('running_var')]
    shifts = [
        state[key.replace('running_mean', 'bias')] for key in state if key.endswith('running_mean')
    ]
    trained = any(bool((shift != 0).any()) for shift in shifts)
    unused = all(bool((m == 0).all()) for m in means) and all(
        bool((v == 1).all()) for v in variances
    )
    return trained and unused
