"""Configs with classes as values, as texts that can be written to a file."""

from typing import Any

from mmseg.registry import DATASETS, HOOKS, METRICS, MODELS, OPTIMIZERS, TRANSFORMS

REGISTRIES = (MODELS, TRANSFORMS, DATASETS, METRICS, HOOKS, OPTIMIZERS)


def plain_text(value: Any) -> Any:
    """A part of a config with names in place of classes and functions.

    Configs in the pure-Python style name a class itself; a file needs its registered name,
    or its module and name.
    """
    if isinstance(value, dict):
        return {key: plain_text(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain_text(part) for part in value)
    if callable(value) and hasattr(value, '__qualname__'):
        registered = any(registry.get(value.__name__) is value for registry in REGISTRIES)
        return value.__name__ if registered else f'{value.__module__}.{value.__qualname__}'
    return value
