"""Builds the runner of a config early, so that wrong fields and files show at the start."""

import os
import re
import sys

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import is_distributed
from mmengine.runner import Runner
from torch.utils.data import BatchSampler, DataLoader, Dataset

from mmseg_maxsquare.datasets import UDADataset
from mmseg_maxsquare.datasets.uda_sampler import seeded
from mmseg_maxsquare.engine.network_weights import tolerate_networks
from mmseg_maxsquare.engine.sample_stream import SeededDataset

from .console import QuietRunner, SeparateRunner
from .errors import BUILD_ERRORS, fail, one_line


def join_processes(cfg: Config, launcher: str, local_rank: int) -> None:
    """Join the process group of a launcher.

    Args:
        cfg: The config; its ``launcher`` is set.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        local_rank: For launchers that do not set ``LOCAL_RANK``.
    """
    os.environ.setdefault('LOCAL_RANK', str(local_rank))
    cfg.launcher = launcher
    if launcher == 'pytorch' and get_device() == 'cpu' and not is_distributed():
        # mmengine would require a GPU, but it accepts an existing process group.
        torch.distributed.init_process_group('gloo')


def build_runner(cfg: Config, loops: tuple[str, ...], verbose: bool = False) -> Runner:
    """A runner with its loops built and the first image of each data set read.

    A part that cannot be built stops the program now instead of hours later at the
    first validation; ``python -X dev`` also shows the traceback.

    Args:
        cfg: The config.
        loops: The loops to build, such as ``('train', 'val')``.
        verbose: Show the whole log on the terminal.
    """
    place = 'the runner'
    try:
        runner = (SeparateRunner if verbose else QuietRunner).from_cfg(cfg)
        tolerate_networks(runner.model)
        for name in loops:
            place = f'{name} loop'
            loop = getattr(runner, f'{name}_loop')
            if loop is not None:
                _refuse_empty(f'{name}_dataloader', loop.dataloader)
                _read_first(f'{name}_dataloader', loop.dataloader.dataset)
    except BUILD_ERRORS as error:
        if sys.flags.dev_mode:
            raise
        fail(f'{place}: {_without_classes(error)}')
    return runner


def _refuse_empty(field: str, loader: DataLoader) -> None:
    """Raise ``ValueError`` if an epoch has no batch: the loop would wait for ever."""
    if isinstance(loader.batch_sampler, BatchSampler) and len(loader.batch_sampler) == 0:
        sampler = loader.batch_sampler
        raise ValueError(
            f'{field}: {len(loader.dataset)} images give no batch of {sampler.batch_size}; set '
            f'{field}.drop_last=False, or a smaller batch_size'
        )


def _read_first(field: str, dataset: Dataset) -> None:
    """Load the first sample; a UDADataset has already done so when it was built."""
    if isinstance(dataset, SeededDataset):
        dataset = dataset.dataset
    if isinstance(dataset, UDADataset):
        return
    # A mixture for self-training has no samples before its first round.
    for part in getattr(dataset, 'domains', {'': dataset}).values():
        with seeded(0):
            sample = part[0]
        if not isinstance(sample, dict) or not {'inputs', 'data_samples'} <= set(sample):
            found = sorted(sample) if isinstance(sample, dict) else type(sample).__name__
            raise ValueError(
                f'{field}.dataset.pipeline: gives {found} instead of inputs and data_samples; end '
                "it with dict(type='PackSegInputs')"
            )


def _without_classes(error: Exception) -> str:
    """The message without the class locations that mmengine 0.10 prepends."""
    return re.sub(r'^(?:class `\w+` in \S+: )+', '', one_line(error))
