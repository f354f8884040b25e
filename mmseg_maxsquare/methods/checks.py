"""Checks of the numbers that a method is given."""

import math
from typing import TypeGuard


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a finite number, which True and False are not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def check_weight(name: str, value: object) -> None:
    """Raise ``ValueError`` unless a value is a finite number of at least 0."""
    if not is_number(value) or value < 0:
        raise ValueError(f'{name} must be a number of at least 0, got {value!r}')


def check_share(name: str, value: object) -> None:
    """Raise ``ValueError`` unless a value is a share in (0, 1]."""
    if not is_number(value) or not 0 < value <= 1:
        raise ValueError(f'{name} must be a share in (0, 1], got {value!r}')


def check_count(name: str, value: object, least: int = 1) -> None:
    """Raise ``ValueError`` unless a value is a whole number, not below the least."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f'{name} must be a whole number of at least {least}, got {value!r}')
