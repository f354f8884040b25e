"""Losses by name, as mmseg's models return them."""

from typing import Any


def scaled(losses: dict[str, Any], weight: float) -> dict[str, Any]:
    """Losses times a weight; other values, such as accuracies, are unchanged."""
    if weight == 1:
        return losses
    return {
        name: _times(value, weight) if 'loss' in name else value for name, value in losses.items()
    }


def _times(value: Any, weight: float) -> Any:
    return [loss * weight for loss in value] if isinstance(value, list) else value * weight
