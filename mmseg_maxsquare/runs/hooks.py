"""Fields of hooks, and what they need in the rest of the config."""

from collections.abc import Iterator

from mmengine.config import Config
from mmengine.runner.priority import Priority, get_priority

from .findings import Finding, config_error


def check_priorities(cfg: Config) -> Iterator[Finding]:
    """Report priorities that mmengine does not know; its message gives only the name."""
    for where, hook in _hooks(cfg):
        priority = hook.get('priority')
        if priority is None:
            continue
        try:
            get_priority(priority)
        except (KeyError, TypeError, ValueError):
            what = f'is {priority!r}, expected one of {", ".join(p.name for p in Priority)}'
            yield config_error('hooks', f'{where}.priority', what, 'or a number from 0 to 100')


def check_needs(cfg: Config) -> Iterator[Finding]:
    """Report hooks that would stop the run when the training begins."""
    model, data = cfg.get('model') or {}, (cfg.get('train_dataloader') or {}).get('dataset') or {}
    for where, hook in _hooks(cfg):
        kind = str(hook.get('type')).removeprefix('mmseg.')
        if kind == 'GuardHook' and not str(model.get('type')).startswith('UDA'):
            what = f'GuardHook needs a UDAEncoderDecoder, got {model.get("type")}'
            yield config_error('hooks', where, what, 'set model.type, or remove the hook')
        if kind == 'MatchedStrengthHook':
            weight = (model.get('target_loss') or {}).get('loss_weight', 1.0)
            if 'target_loss' not in model or not data.get('source') or not weight:
                what = 'MatchedStrengthHook needs model.target_loss with a weight, and a source'
                yield config_error('hooks', where, what, 'set them, or remove the hook')


def _hooks(cfg: Config) -> Iterator[tuple[str, dict]]:
    """All hooks that are given as dicts, with their fields."""
    hooks = {f'default_hooks.{key}': hook for key, hook in (cfg.get('default_hooks') or {}).items()}
    hooks |= {f'custom_hooks.{i}': hook for i, hook in enumerate(cfg.get('custom_hooks') or ())}
    yield from ((where, hook) for where, hook in hooks.items() if isinstance(hook, dict))
