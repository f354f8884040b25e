"""Reads the config of a user's model."""

from mmengine.config import Config

from mmseg_maxsquare.runs.config import read_config
from mmseg_maxsquare.runs.errors import fail, one_line
from mmseg_maxsquare.shipped import find_config


def read_user_config(name: str) -> Config:
    """A config by its path or shipped name; fails with one line if it cannot be read."""
    try:
        path = find_config(name)
    except ValueError as error:
        fail(f'config: {error}')
    try:
        cfg = read_config(path)
    except Exception as error:  # a config is a Python file
        fail(f'config: {path} cannot be read: {one_line(error)}')
    if not cfg.get('model'):
        fail(f'config: {path} has no model')
    return cfg
