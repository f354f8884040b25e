"""Overrides a config with a scaled-down recipe, so that a table can run on any machine."""

from pathlib import Path

from mmengine.config import Config

PHASES = ('source', 'adapt')


def apply_overlay(cfg: Config, path: Path) -> None:
    """Change a config by an overlay file (see configs/demo/overlay.py).

    ``source`` of the overlay sets ``max_iters``, ``lr`` (of SGD) and ``batch_size`` of
    configs that start from ImageNet, ``adapt`` of those that start from a source model.
    ``image_scale`` is the (width, height) of every resize, and no crop is larger; all other
    fields are merged. Rounds of self-training share the steps and use all images.
    """
    overlay = Config.fromfile(path).to_dict()
    phases = {phase: overlay.pop(phase) for phase in PHASES}
    scale = overlay.pop('image_scale')
    phase = phases['adapt' if cfg.get('load_from') else 'source']
    for head in ('decode_head', 'auxiliary_head'):
        if head not in cfg.model:
            overlay['model'].pop(head, None)
        elif 'dilations' in overlay['model'].get(head, {}):
            overlay['model'][head].setdefault('type', 'DeepLabV2Head')  # not Wider ResNet-38's
    cfg.merge_from_dict(overlay)
    steps = phase['max_iters']
    if cfg.optim_wrapper.optimizer.type == 'SGD':
        cfg.optim_wrapper.optimizer.lr = phase['lr']
    cfg.train_dataloader.batch_size = phase['batch_size']
    if 'rounds' in cfg.train_cfg:
        steps = max(1, steps // cfg.train_cfg.rounds) * cfg.train_cfg.rounds
        cfg.train_cfg.update(round_iters=steps // cfg.train_cfg.rounds, select=None)
    cfg.train_cfg.update(max_iters=steps, val_interval=steps)
    for schedule in cfg.param_scheduler:
        if 'end' in schedule:
            schedule.end = steps + 1
    cfg.default_hooks.checkpoint.interval = steps
    cfg.default_hooks.logger.interval = min(10, steps)
    _rescale(cfg._cfg_dict, scale)


def _is_size(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and None not in value


def _rescale(node: object, scale: tuple[int, int]) -> None:
    """Set the scale of every resize below a config node, and cut crops and padding to it."""
    if isinstance(node, dict):
        if node.get('type') in ('Resize', 'RandomResize'):
            node['scale'] = scale
        for key in ('crop_size', 'size'):
            if _is_size(node.get(key)):
                node[key] = tuple(map(min, node[key], scale[::-1]))  # (height, width)
        for value in node.values():
            _rescale(value, scale)
    elif isinstance(node, list):
        for value in node:
            _rescale(value, scale)
