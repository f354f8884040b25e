"""Allows PyTorch's safe loader the types that training checkpoints hold besides tensors.

It is imported together with PyTorch, so that a plain ``torch.load`` accepts our checkpoints.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

STATISTICS = ('mean', 'min', 'max', 'current')
NEEDLESS = 'which no checkpoint needs'


def statistic(owner: type, name: str) -> Callable:
    """Replaces ``getattr`` while loading: allows only the statistics of a log buffer.

    Raises:
        ValueError: If anything else is asked for; the file may be malicious.
    """
    if owner is not HistoryBuffer or name not in STATISTICS:
        raise ValueError(f'it asks for {owner!r}.{name}, {NEEDLESS}')
    return getattr(owner, name)


def allow_mmengine_checkpoints() -> None:
    """Add the non-tensor types of training checkpoints to PyTorch's list of safe types.

    These are numbers and mmengine's log buffers. NumPy 2 moved the functions that
    rebuild its numbers, so files contain the old or the new location.
    """
    rebuild: tuple[Any, Any] = np.float64(0).__reduce__()[0], np.empty(0).__reduce__()[0]
    torch.serialization.add_safe_globals(
        [
            *(
                (f, f'numpy.{core}.multiarray.{f.__name__}')
                for core in ('core', '_core')
                for f in rebuild
            ),
            *{type(np.dtype(kind)) for kind in ('f8', 'f4', 'i8', 'i4', 'u4', 'u1', '?')},
            np.ndarray,
            np.dtype,
            HistoryBuffer,
            (statistic, 'builtins.getattr'),
        ]
    )


allow_mmengine_checkpoints()
