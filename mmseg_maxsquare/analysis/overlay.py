"""Overrides a config with a scaled-down recipe, so that a table can run on any machine."""

from pathlib import Path

from mmengine.config import Config

PHASES = ('source', 'adapt')


def apply_overlay(cfg: Config, path: Path) -> None:
    """Change a config by an overlay file (see configs/demo/overlay.py).

    ``source`` of the overlay sets ``max_iters``, ``lr`` and ``batch_size`` of configs that
    train a source model, ``adapt`` of those that start from one. ``image_scale`` is the
    (width, height) of every Resize; all other fields are merged.
    """
    overlay = Config.fromfile(path).to_dict()
    phases = {phase: overlay.pop(phase) for phase in PHASES}
    scale = overlay.pop('image_scale')
    phase = phases['adapt' if cfg.get('load_from') else 'source']
    if 'auxiliary_head' not in cfg.model:
        overlay['model'].pop('auxiliary_head', None)
    cfg.merge_from_dict(overlay)
    steps = phase['max_iters']
    cfg.optim_wrapper.optimizer.lr = phase['lr']
    cfg.train_dataloader.batch_size = phase['batch_size']
    cfg.train_cfg.update(max_iters=steps, val_interval=steps)
    cfg.param_scheduler[0].end = steps + 1
    cfg.default_hooks.checkpoint.interval = steps
    cfg.default_hooks.logger.interval = min(10, steps)
    _rescale(cfg._cfg_dict, scale)


def _rescale(node: object, scale: tuple[int, int]) -> None:
    """Set the scale of every Resize below a config node."""
    if isinstance(node, dict):
        if node.get('type') == 'Resize':
            node['scale'] = scale
        for value in node.values():
            _rescale(value, scale)
    elif isinstance(node, list):
        for value in node:
            _rescale(value, scale)
