"""What train.py and test.py share: options, config and checks before the start."""

import argparse
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path
from typing import NoReturn

import torch
from mmengine.config import Config, DictAction
from mmengine.device import get_device
from mmengine.dist import is_distributed
from mmengine.runner import Runner
from torch.utils.data import Dataset

import mmseg_maxsquare  # noqa: F401  (says at once if the stack does not fit)
from mmseg_maxsquare.datasets import UDADataset
from mmseg_maxsquare.datasets.loading import BadFileError
from mmseg_maxsquare.datasets.uda_sampler import seeded
from mmseg_maxsquare.engine.sample_stream import SeededDataset

from doctor.findings import sentence

# What a wrong config makes constructors raise.
BUILD_ERRORS = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OSError,
    ImportError,
    AssertionError,
)
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
    try:
        cfg = Config.fromfile(path)
    except Exception as error:  # a config is a Python file
        fail(f'config: {path} cannot be read: {sentence(error)}')
    cfg.launcher = args.launcher
    if args.launcher == 'pytorch' and get_device() == 'cpu' and not is_distributed():
        # mmengine would ask for a GPU first; it takes a group that is there.
        torch.distributed.init_process_group('gloo')
    if args.cfg_options:
        try:
            cfg.merge_from_dict(args.cfg_options)
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            fail(f'--cfg-options: a field does not fit the config: {sentence(error)}')
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


def build_runner(cfg: Config, loops: tuple[str, ...]) -> Runner:
    """A runner whose loops are built, the first image of each read.

    What cannot be built ends the program with a sentence instead of in the hour of
    the first validation; ``python -X dev`` shows the traceback as well.

    Args:
        cfg: The config.
        loops: Those to build, such as ``('train', 'val')``.
    """
    place = 'the runner'
    try:
        runner = Runner.from_cfg(cfg)
        for name in loops:
            place = f'{name} loop'
            loop = getattr(runner, f'{name}_loop')
            if loop is not None:
                _read_first(loop.dataloader.dataset)
    except BUILD_ERRORS as error:
        if sys.flags.dev_mode:
            raise
        fail(f'{place}: {_without_classes(error)}')
    return runner


def _read_first(dataset: Dataset) -> None:
    """Load the first sample; a UDADataset has done so by itself."""
    if isinstance(dataset, SeededDataset):
        dataset = dataset.dataset
    if not isinstance(dataset, UDADataset):
        with seeded(0):
            dataset[0]


@contextmanager
def sentences(cfg: Config) -> Iterator[None]:
    """Around a run: what files and disks are to blame for is said in a sentence.

    That is a data file that cannot be used, also where a worker process read it, a
    loss or gradient that is no longer finite (see NonFiniteHook), and every error of
    the operating system, such as a full disk. Other exceptions pass: their
    traceback is needed.

    Args:
        cfg: The config, whose work dir is what fills up.
    """
    try:
        yield
    except (BadFileError, FloatingPointError, OSError) as error:
        if sys.flags.dev_mode:
            raise
        if isinstance(error, OSError) and error.errno == ENOSPC:
            remedy = 'free some room, then go on with --resume'
            fail(f'{cfg.work_dir}: {error.strerror}; {remedy}')
        fail(_without_worker(error))


def _without_worker(error: Exception) -> str:
    """The message, without the traceback that a DataLoader's worker puts before it."""
    text = str(error)
    if text.startswith('Caught '):
        text = re.split(r'^[\w.]+(?:Error|Exception): ', text, flags=re.M)[-1]
    return ' '.join(text.split())


def _without_classes(error: Exception) -> str:
    """The message without the places of classes that mmengine 0.10 puts before it."""
    return re.sub(r'^(?:class `\w+` in \S+: )+', '', sentence(error))


def fail(message: str) -> NoReturn:
    """End the program with a message."""
    sys.exit(f'error: {message}')
