"""Operators that make the program wait for a GPU, counted on any device."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# A number, or a shape that depends on values.
WAITING = (
    '_local_scalar_dense', 'item', 'nonzero', 'bincount', 'unique', '_unique2', 'masked_select',
    'equal',
)  # fmt: skip


class Watch(TorchDispatchMode):
    """Collects the waiting operators that run under it.

    Attributes:
        found: Their names, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        name = func.__name__.split('.')[0]
        by_mask = name in ('index', 'index_put', 'index_put_') and any(
            index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1]
        )
        if name in WAITING or by_mask:
            self.found.append(str(func))
        return func(*args, **(kwargs or {}))
