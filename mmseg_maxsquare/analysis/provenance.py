"""Where the numbers of a run come from: commit, machine, threads."""

import os
import platform
import subprocess
from functools import cache
from pathlib import Path

import torch


def provenance(threads: int | None) -> dict[str, str | int | None]:
    """What must be equal for a run to give the same digits again.

    Args:
        threads: Of the run's process; None for PyTorch's own choice.

    Returns:
        ``commit`` (None outside a git checkout, with ``+changes`` if files differ from it),
        ``machine``, ``threads`` and ``torch``.
    """
    own = os.environ.get('OMP_NUM_THREADS', '')
    return dict(
        commit=_commit(),
        machine=machine_type(),
        threads=threads or (int(own) if own.isdigit() else torch.get_num_threads()),
        torch=torch.__version__,
    )


@cache
def machine_type() -> str:
    """Name of the accelerator, else of the processor."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return processor_name()


def processor_name() -> str:
    """Name of the processor."""
    info = Path('/proc/cpuinfo')
    lines = info.read_text().splitlines() if info.is_file() else []
    models = [line.partition(': ')[2] for line in lines if line.startswith('model name')]
    return models[0] if models else platform.processor() or platform.machine()


@cache
def _commit() -> str | None:
    """The commit of the checkout that this package is in."""
    try:
        commit = _git('rev-parse', 'HEAD')
        return commit + '+changes' * bool(_git('status', '--porcelain', '--untracked-files=no'))
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*arguments: str) -> str:
    folder = Path(__file__).parent
    return subprocess.run(
        ['git', *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()
