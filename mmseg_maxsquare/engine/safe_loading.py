"""Reading checkpoints without running code from them, on both distributions of mmengine.

mmengine 0.10.7 loads with PyTorch's default, which since 2.6 rejects every type that is
not on a list of safe types. OneDL's mmengine first tries its own list and then loads
unsafely, with a line in the log. Here one list is used for both, and loading is always
safe.
"""

import os
import re
import zipfile
from pathlib import Path

import torch
from torch import Tensor

from ..safe_types import NEEDLESS, allow_mmengine_checkpoints


def load_only_safely() -> None:
    """Make every ``torch.load`` of this process safe, whatever its arguments."""
    os.environ['TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'


def check_checkpoint(path: str | Path) -> dict:
    """Read a checkpoint file without running code from it, and verify its checksums.

    Args:
        path: The file.

    Returns:
        Its contents; tensors may stay on disk until they are used.

    Raises:
        ValueError: If the file is missing, truncated or damaged, or if it holds code or
            no tensors. Names the file.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f'{path}: no such file')
    zipped = zipfile.is_zipfile(path)  # false for a truncated file: the index is at the end
    try:
        damaged = zipfile.ZipFile(path).testzip() if zipped else None
        allow_mmengine_checkpoints()  # again: OneDL's loader removes them at its end
        checkpoint = torch.load(path, map_location='cpu', weights_only=True, mmap=zipped)
    except Exception as error:  # the unpickler raises many types of errors on a broken file
        raise ValueError(f'{path} {_reason(error)}') from None
    if damaged is not None:
        raise ValueError(f'{path} is damaged: the checksum of {damaged} does not fit')
    state = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, dict) else None
    if not isinstance(state, dict) or not any(isinstance(v, Tensor) for v in state.values()):
        text = f'{path} is not a checkpoint: it holds no tensors by name'
        raise ValueError(text + _where_else(checkpoint))
    return checkpoint


def _where_else(checkpoint: object) -> str:
    """A hint at the field of another program's checkpoint that holds the tensors."""
    for key, part in checkpoint.items() if isinstance(checkpoint, dict) else ():
        if isinstance(part, dict) and any(isinstance(value, Tensor) for value in part.values()):
            return f'; its field {key!r} does: save that alone to a file, with torch.save'
    return ''


def _reason(error: Exception) -> str:
    """Why a file was not read, without PyTorch's advice to load it unsafely."""
    asked = re.search(r'GLOBAL (\S+)', str(error))
    text = f'it asks for {asked[1]}, {NEEDLESS}' if asked else str(error)
    if NEEDLESS in text:
        return f'is refused, since it may run code: {text}'
    return f'cannot be read ({type(error).__name__}): it is truncated, damaged or not a checkpoint'
