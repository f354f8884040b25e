"""A run's config: read, overridden from the command line, its folders checked."""

import argparse
import codecs
import difflib
import inspect
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.runner import Runner

from mmseg_maxsquare.shipped import find_config, shipped_configs

from .errors import fail, one_line
from .findings import stop_at
from .structure import check_structure

DATA_FOLDER = 'MMSEG_MAXSQUARE_DATA'  # environment variable in the configs

# Fields that a config may lack and an option may add.
RUNNER_FIELDS = (*inspect.signature(Runner).parameters, 'compile', 'tta_model', 'tta_pipeline')

MERGE_ERRORS = (KeyError, IndexError, TypeError, AttributeError, ValueError)


def load_config(
    config: str,
    options: Sequence[str] = (),
    work_dir: str | None = None,
    loaders: Sequence[str] = (),
) -> Config:
    """The config with the overrides of the command line; checks its data folders.

    Args:
        config: Path, or name of a shipped config such as ``maxsquare/gta2cs.py``.
        options: Overrides as ``field=value``.
        work_dir: Folder of logs and checkpoints. Defaults to the config's, else
            ``work_dirs/FOLDER/NAME`` for ``FOLDER/NAME.py``, so that configs of the
            same name in two folders do not share one.
        loaders: Data loaders whose folders must exist, such as ``'val_dataloader'``.
    """
    path, cfg = read_named_config(config)
    cfg.launcher = 'none'
    changes = parse_options(options)
    merge_options(cfg, changes)
    stop_at(check_structure(cfg))
    if 'run' not in cfg:  # for the tables: to identify the row
        cfg.run = dict(config=name_of(path), options=changes)
    default = Path('work_dirs', path.resolve().parent.name, path.stem)
    cfg.work_dir = work_dir or cfg.get('work_dir') or str(default)
    for name in loaders:
        if cfg.get(name):
            check_data_roots(cfg[name]['dataset'], f'{name}.dataset')
    return cfg


def read_named_config(config: str) -> tuple[Path, Config]:
    """File and contents of a config by its path or shipped name; fails with one line."""
    try:
        path = find_config(config)
    except ValueError as error:
        fail(f'config: {error}')
    if path.read_bytes().startswith(codecs.BOM_UTF8):
        fail(f'config: {path} begins with a byte order mark; save it as UTF-8 without BOM')
    try:
        cfg = read_config(path)
        list(cfg.items())  # imports the classes of a pure Python config
        return path, cfg
    except Exception as error:  # a config is a Python file
        fail(f'config: {path} cannot be read: {one_line(error)}')


def read_config(path: Path) -> Config:
    """Read a config without mmengine's log line for every data root that it fills in."""
    logging.disable(logging.INFO)
    root = os.environ.get(DATA_FOLDER)
    try:
        if root is not None:
            os.environ[DATA_FOLDER] = _as_source(root)
        return Config.fromfile(path)
    finally:
        logging.disable(logging.NOTSET)
        if root is not None:
            os.environ[DATA_FOLDER] = root


def _as_source(path: str) -> str:
    """A path as mmengine can put it between the quotes of a Python string.

    mmengine uses it as the replacement of a regular expression, which takes backslashes
    itself, and the result is read as Python.
    """
    quoted = path.replace('\\', '\\\\').replace("'", "\\'").replace('"', '\\"')
    return quoted.replace('\\', '\\\\')


def name_of(path: Path) -> str:
    """Shipped name of a config's file, else its path."""
    folder = shipped_configs()
    inside = path.resolve().is_relative_to(folder)
    return str(path.resolve().relative_to(folder) if inside else path)


def parse_options(options: Sequence[str]) -> dict:
    """Values of ``--cfg-options``, parsed as in mmengine's tools.

    Args:
        options: Such as ``['model.target_loss.loss_weight=0.05', 'train_cfg.max_iters=10']``.
    """
    wrong = [option for option in options if '=' not in option]
    if wrong:
        fail(f'--cfg-options: {wrong[0]!r} is not of the form field=value')
    values = argparse.Namespace()
    try:
        DictAction(['--cfg-options'], 'options')(argparse.ArgumentParser(), values, list(options))
    except (AssertionError, ValueError) as error:
        fail(f'--cfg-options: {one_line(error)}')
    return values.options


def merge_options(cfg: Config, options: dict) -> None:
    """Set the fields named by ``--cfg-options``; fails if the config has no such field."""
    known = [*cfg.to_dict(), *RUNNER_FIELDS]
    for option in options:
        first = option.split('.')[0]
        if first not in known:
            like = difflib.get_close_matches(first, known, n=1)
            hint = f'; did you mean {like[0]}?' if like else '; correct the name'
            fail(f'--cfg-options: the config has no field {first}{hint}')
    try:
        cfg.merge_from_dict(options)
    except MERGE_ERRORS as error:
        fail(f'--cfg-options: a field does not fit the config: {one_line(error)}')


def check_data_roots(dataset: dict, field: str) -> None:
    """Fail if the ``data_root`` of a data set, or of one inside it, is not a folder."""
    root = dataset.get('data_root')
    if root is not None and not os.path.isdir(root):
        fail(
            f'{field}.data_root: no folder {root}; put the data set there, set the environment '
            f'variable MMSEG_MAXSQUARE_DATA to the folder above, or use --cfg-options '
            f'{field}.data_root=PATH'
        )
    for key, value in dataset.items():
        if isinstance(value, dict) and 'type' in value:
            check_data_roots(value, f'{field}.{key}')


def require_file(path: str, what: str, remedy: str) -> Path:
    """The path; fails if there is no such file. A URL is left to the loader."""
    if '://' not in str(path) and not os.path.isfile(path):
        fail(f'{what}: no file {path}; {remedy}')
    return Path(path)


def use_data_folder(path: Path | None) -> None:
    """Make the configs look for their data sets in a folder (``--data``)."""
    if path is None:
        return
    if not path.is_dir():
        fail(f'--data: no folder {path}')
    os.environ[DATA_FOLDER] = str(path.resolve())
