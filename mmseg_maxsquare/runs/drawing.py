"""Pictures of predictions: the visualizer and its hook, which first draw in a validation."""

import os
import sys
from collections.abc import Iterator

from mmengine.config import Config

from .findings import Finding, config_error

HOOK = 'default_hooks.visualization'


def check_drawing(cfg: Config) -> Iterator[Finding]:
    """Fields of the hook that draws predictions, and whether a window can be shown."""
    hook = (cfg.get('default_hooks') or {}).get('visualization') or {}
    if not hook.get('draw'):
        return
    interval = hook.get('interval', 1)
    if isinstance(interval, int) and interval < 1:
        what = f'{interval}, expected at least 1'
        yield config_error('pictures', f'{HOOK}.interval', what, 'or set draw=False')
    alpha = (cfg.get('visualizer') or {}).get('alpha', 0.8)
    if isinstance(alpha, int | float) and not 0 <= alpha <= 1:
        what = f'is {alpha}, expected a number from 0 to 1, the opacity of the classes'
        yield config_error('pictures', 'visualizer.alpha', what, 'set it to 0.8')
    if hook.get('show') and not has_display():
        what = 'True, but there is no display (DISPLAY is not set)'
        yield config_error('pictures', f'{HOOK}.show', what, 'set it to False, or use --show-dir')


def has_display() -> bool:
    """Whether windows can be opened here."""
    if not sys.platform.startswith('linux'):
        return True
    return bool(os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY'))
