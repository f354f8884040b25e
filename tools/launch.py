"""What train.py and test.py share: options, config and checks before the start."""

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

import torch
from mmengine.config import Config, DictAction
from mmengine.device import get_device
from mmengine.dist import is_distributed

import mmseg_maxsquare  # noqa: F401  (says at once if the stack does not fit)

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that change the config."""
    parser.add_argument('--work-dir', help='folder of logs and checkpoints')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override config fields, such as model.target_loss.loss_weight=0.05',
    )
    parser.set_defaults(launcher='none', local_rank=0)


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that mmseg's own tools have too."""
    add_config_arguments(parser)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def load_config(args: argparse.Namespace, loaders: tuple[str, ...]) -> Config:
    """The config with the command line's overrides, its data folders checked.

    The work dir is ``--work-dir``, else the config's, else
    ``work_dirs/FOLDER/NAME`` of ``configs/FOLDER/NAME.py``: configs of the same
    name in two folders do not mix.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    path = require_file(args.config, 'config', 'see configs/ for those that there are')
    cfg = Config.fromfile(path)
    cfg.launcher = args.launcher
    if args.launcher == 'pytorch' and get_device() == 'cpu' and not is_distributed():
        # mmengine would ask for a GPU first; it takes a group that is there.
        torch.distributed.init_process_group('gloo')
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    if 'run' not in cfg:  # for tools/analysis: which row of a table this is
        inside = path.resolve().is_relative_to(CONFIGS)
        name = path.resolve().relative_to(CONFIGS) if inside else path
        cfg.run = dict(config=str(name), options=args.cfg_options or {})
    default = Path('work_dirs', path.resolve().parent.name, path.stem)
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(default)
    for name in loaders:
        if cfg.get(name):
            check_data_roots(cfg[name]['dataset'], f'{name}.dataset')
    return cfg


def check_data_roots(dataset: dict, field: str) -> None:
    """Stop if the ``data_root`` of a data set, or of one inside it, is no folder."""
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
    """The path, or an end with a sentence if there is no such file."""
    if '://' not in str(path) and not os.path.isfile(path):
        fail(f'{what}: no file {path}; {remedy}')
    return Path(path)


def fail(message: str) -> NoReturn:
    """End the program with a message."""
    sys.exit(f'error: {message}')
