"""Priorities of hooks: mmengine's message gives only the unknown name."""

from collections.abc import Iterator

from mmengine.config import Config
from mmengine.runner.priority import Priority, get_priority

from .findings import Finding, config_error


def check_priorities(cfg: Config) -> Iterator[Finding]:
    """Report priorities that mmengine does not know."""
    hooks = {f'default_hooks.{key}': hook for key, hook in (cfg.get('default_hooks') or {}).items()}
    hooks |= {f'custom_hooks.{i}': hook for i, hook in enumerate(cfg.get('custom_hooks') or ())}
    for where, hook in hooks.items():
        priority = hook.get('priority') if isinstance(hook, dict) else None
        if priority is None:
            continue
        try:
            get_priority(priority)
        except (KeyError, TypeError, ValueError):
            what = f'is {priority!r}, expected one of {", ".join(p.name for p in Priority)}'
            yield config_error('hooks', f'{where}.priority', what, 'or a number from 0 to 100')
