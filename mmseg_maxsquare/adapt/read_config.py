"""Reads the config of a user's model."""

from mmengine.config import Config

from mmseg_maxsquare.runs.config import read_named_config
from mmseg_maxsquare.runs.errors import fail


def read_user_config(name: str) -> Config:
    """A config with a model by its path or shipped name; fails with one line without one."""
    path, cfg = read_named_config(name)
    if not cfg.get('model'):
        fail(f'config: {path} has no model')
    if cfg.get('data_preprocessor') and not cfg.model.get('data_preprocessor'):
        cfg.model.data_preprocessor = cfg.data_preprocessor  # as mmengine's runner does
    if not cfg.model.get('data_preprocessor'):
        fail(
            f'config: {path}: model.data_preprocessor is missing; give the one that the model was '
            "trained with, such as dict(type='SegDataPreProcessor', mean=[...], std=[...])"
        )
    return cfg
