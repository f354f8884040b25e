"""Unsupervised domain adaptation with the maximum squares loss for MMSegmentation.

The import is light: it checks the metadata of the installed stack and arranges that the
losses, models, data sets, hooks and metrics are registered as soon as mmseg's own are
imported, which mmseg's registries do at their first look-up. ``mmseg_maxsquare.losses``
needs only PyTorch.
"""

import sys
from importlib import import_module
from types import ModuleType

from .registration import NeedsStack, register_with_mmseg
from .stack import check_stack

if check_stack():
    register_with_mmseg()
else:
    sys.meta_path.insert(0, NeedsStack())

__version__ = '0.1.0'
__all__ = [
    'analysis', 'cli', 'converters', 'datasets', 'demo', 'doctor', 'engine', 'evaluation',
    'losses', 'models', 'runs',
]  # fmt: skip


def __getattr__(name: str) -> ModuleType:
    """Import a part of the package at its first use."""
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return import_module(f'{__name__}.{name}')
