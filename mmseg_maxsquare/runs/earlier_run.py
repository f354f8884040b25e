"""The run that a work dir already holds, and whether a config can resume it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config

# A different value in one of these makes a different run; the number of steps may change.
SECTIONS = ('model', 'optim_wrapper', 'train_dataloader', 'custom_hooks')
# These change neither which samples are read nor what is computed from them.
FREE = (
    'num_workers',
    'persistent_workers',
    'prefetch_factor',
    'pin_memory',
    'data_root',
    'pretrained',
    'init_cfg',
    'with_cp',
    'interval',
    'panel_interval',
)


def checkpoints_in(cfg: Config) -> list[Path]:
    """Checkpoints in the work dir, or in the folder that the config sets for them."""
    hook = cfg.get('default_hooks', {}).get('checkpoint') or {}
    folders = [Path(cfg.work_dir)]
    if hook.get('out_dir') and '://' not in hook['out_dir']:
        folders.append(Path(hook['out_dir'], Path(cfg.work_dir).name))
    return [path for folder in folders for path in sorted(folder.glob('*.pth'))]


def differences(cfg: Config, text: str, sections: tuple[str, ...] = SECTIONS) -> list[str]:
    """Fields in which a config differs from the config stored in a checkpoint.

    Args:
        cfg: The config.
        text: The stored config, from the checkpoint's ``meta``. It is Python code,
            which is parsed here but not run.
        sections: Top-level fields that are compared.

    Returns:
        Such as ``'model.target_loss.alpha: 0.1 in the checkpoint, 0.2 now'``.
    """
    then = _literals(text)
    now = _plain(cfg.to_dict())
    found = list(_config_name(then.get('run'), now.get('run')))
    for section in sections:
        if section in then:
            found += _compare(section, then[section], now.get(section))
    return found


def _config_name(then: Any, now: Any) -> Iterator[str]:
    names = [
        Path(run['config']).name if isinstance(run, dict) and 'config' in run else None
        for run in (then, now)
    ]
    if None not in names and names[0] != names[1]:
        yield f'config: {then["config"]} in the checkpoint, {now["config"]} now'


def _compare(place: str, then: object, now: object) -> Iterator[str]:
    if then == now or Ellipsis in (then, now) or place.rpartition('.')[2] in FREE:
        return
    if isinstance(then, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*then, *now]):
            yield from _compare(f'{place}.{key}', then.get(key), now.get(key))
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for i, pair in enumerate(zip(then, now, strict=True)):
            yield from _compare(f'{place}.{i}', *pair)
    else:
        yield f'{place}: {_short(then)} in the checkpoint, {_short(now)} now'


def _literals(text: str) -> dict:
    """Values in a config's text by name; ``...`` for anything that is not a literal."""
    try:
        lines = ast.parse(text).body
    except (SyntaxError, ValueError):
        return {}
    return {
        line.targets[0].id: _value(line.value)
        for line in lines
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name)
    }


def _value(node: ast.expr) -> object:
    if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'dict' and not node.args:
        return {word.arg: _value(word.value) for word in node.keywords}
    if isinstance(node, ast.Dict):
        keys = (... if key is None else _value(key) for key in node.keys)  # no key: from **
        return dict(zip(map(str, keys), map(_value, node.values), strict=True))
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(part) for part in node.elts]
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ...


def _plain(value: object) -> Any:
    """A config's value in the form in which it is parsed from a text."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float | str) else ...


def _short(value: object, limit: int = 60) -> str:
    text = 'not set' if value is None else repr(value)
    return text if len(text) <= limit else text[:limit] + '...'
