"""Options that several commands have."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

CONFIG = 'path, or name of a shipped config such as maxsquare/gta2cs.py'


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Options that change the config."""
    parser.add_argument('--work-dir', help='folder of logs and checkpoints')
    add_cfg_options(parser)


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """The option ``--cfg-options``."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='FIELD=VALUE',
        help='override config fields, such as model.target_loss.loss_weight=0.05',
    )


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """Options for distributed runs, as in mmseg's own tools."""
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how several processes were started (default: none)',
    )
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        help='number of this process, from launchers that do not set LOCAL_RANK',
    )


def add_amp(parser: argparse.ArgumentParser) -> None:
    """The option ``--amp``."""
    parser.add_argument(
        '--amp',
        nargs='?',
        const='float16',
        choices=['float16', 'bfloat16'],
        help='automatic mixed precision on a GPU (default type: float16)',
    )


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """The option ``--verbose``."""
    parser.add_argument(
        '--verbose',
        action='store_true',
        help='show the whole log on the terminal, and all warnings of the libraries',
    )


def add_out(parser: argparse.ArgumentParser, name: str) -> None:
    """The option ``--out`` of commands that write a picture."""
    parser.add_argument(
        '--out',
        type=Path,
        default=Path(f'work_dirs/figures/{name}.png'),
        help='PNG to write, with its numbers as CSV beside it; an existing file is replaced '
        '(default: %(default)s)',
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """The option ``--device``."""
    parser.add_argument('--device', help='cpu, cuda, ... (default: the accelerator, if any)')


def add_prediction_arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Arguments of pictures that show measurements of one checkpoint."""
    parser.add_argument(
        'config', metavar='CONFIG', help=f'{CONFIG}; predictions are made on its test data'
    )
    parser.add_argument(
        'checkpoint',
        metavar='CHECKPOINT',
        help='checkpoint of this network, adapted or not',
    )
    add_out(parser, name)
    add_device(parser)
    add_cfg_options(parser)


def add_runs_options(parser: argparse.ArgumentParser) -> None:
    """Options of commands that train several models."""
    parser.add_argument('--data', type=Path, help='folder of the data sets (MMSEG_MAXSQUARE_DATA)')
    add_cfg_options(parser)


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Reads a whole number of a range, for argparse."""
    span = f'of at least {least}' if most is None else f'from {least} to {most}'

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
            raise argparse.ArgumentTypeError(f'must be a whole number {span}, got {text}')
        return int(text)

    return read


positive = whole_number(1)
seed = whole_number(0, 2**32 - 1)  # the range of NumPy


def seconds(text: str) -> float:
    """A finite number above 0, for argparse."""
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f'must be above 0 and finite, got {text}')
    return value


def add_plan_options(parser: argparse.ArgumentParser, workers: int) -> None:
    """Options for the plan that is printed before the runs, and the default of its workers."""
    parser.add_argument(
        '--workers',
        type=positive,
        default=workers,
        help='runs at a time, which share the cores (default: %(default)s)',
    )
    parser.add_argument('--dry-run', action='store_true', help='print the plan, run nothing')
    parser.add_argument(
        '--step-seconds',
        type=seconds,
        help='seconds of a source step, for the plan (default: as measured in --out, else 0.5)',
    )
