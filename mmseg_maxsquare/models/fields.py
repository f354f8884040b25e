"""Builds parts of the model from configs; errors name the config field."""

import inspect
import re
from collections.abc import Callable
from typing import Any

from mmseg.registry import MODELS


def build_part(field: str, config: dict, kind: Callable | None = None) -> Any:
    """Build a part of the model.

    Args:
        field: Name of its config field, such as ``'model.target_loss'``.
        config: Its config.
        kind: Its class. Defaults to None: the config's ``type``.

    Raises:
        TypeError: If the config has keys that its type does not know, or values of
            another type than expected.
        ValueError: If a value is out of its range, or there is no such type.
    """
    try:
        known = kind or class_of(config)
        if known is not None and (unknown := unknown_keys(known, config)):
            raise TypeError(unknown_message(known, unknown))
        return MODELS.build(config) if kind is None else kind(**config)
    except (KeyError, TypeError, ValueError) as error:
        # mmengine 0.10 names the location of the class; the config field is more useful.
        text = re.sub(r'^class `\w+` in \S+: ', '', str(error.args[0] if error.args else error))
        kind = ValueError if isinstance(error, KeyError) else type(error)
        raise kind(f'{field}: {text}') from error


def class_of(config: object) -> Callable | None:
    """The class that a config builds; None if it is not known."""
    kind = config.get('type') if isinstance(config, dict) else None
    return MODELS.get(kind) if isinstance(kind, str) else kind


def unknown_keys(kind: Callable | None, config: dict) -> list[str]:
    """Keys of a config that a class or a function does not accept."""
    known = known_keys(kind)
    return [] if known is None else [key for key in config if key not in (*known, 'type')]


def unknown_message(kind: Callable, unknown: list[str]) -> str:
    """The error message for unknown keys."""
    return (
        f'{kind.__name__} does not know {", ".join(unknown)}; it knows '
        f'{", ".join(known_keys(kind) or ())}; correct the name or leave it out'
    )


def known_keys(kind: Callable | None) -> list[str] | None:
    """Keyword arguments of a class or a function; None if it accepts any."""
    if kind is None:
        return None
    parameters = inspect.signature(kind).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return [parameter.name for parameter in parameters]
