"""What mmengine's checkpoints hold besides tensors, for PyTorch's safe loader.

mmengine 0.10.7 loads with PyTorch's default, which since 2.6 refuses every type
that is not on a list; without this a checkpoint of a training run cannot be
loaded, let alone resumed from.
"""

from collections.abc import Callable

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint

STATISTICS = ('mean', 'min', 'max', 'current')


def statistic(owner: type, name: str) -> Callable:
    """Stands in for ``getattr`` while loading: a statistic of a log buffer, nothing else.

    Raises:
        ValueError: If anything else is asked for; the file may be malicious.
    """
    if owner is not HistoryBuffer or name not in STATISTICS:
        raise ValueError(f'the checkpoint asks for {owner!r}.{name}, which no checkpoint needs')
    return getattr(owner, name)


def allow_mmengine_checkpoints() -> None:
    """Put the types of mmengine's log buffers and numbers on PyTorch's list.

    OneDL's mmengine brings a list of its own and needs none.
    """
    if hasattr(checkpoint, 'get_torch_safe_globals'):
        return
    torch.serialization.add_safe_globals(
        [
            HistoryBuffer,
            (statistic, 'builtins.getattr'),
            np.ndarray,
            np.dtype,
            np.empty(0).__reduce__()[0],  # rebuilds an array, wherever NumPy keeps it
            np.float64(0).__reduce__()[0],  # and a scalar
            *{type(np.dtype(kind)) for kind in ('f8', 'f4', 'i8', 'i4', 'u4', 'u1', '?')},
        ]
    )
