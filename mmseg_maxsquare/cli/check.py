"""Check a config and its data before a run.

Reads the files of every data set, checks the model and the config fields, and writes a
report and sample sheets. The exit status is 1 if there is an error.
As in: mmseg-maxsquare check maxsquare/gta2cs.py
"""

import argparse
import os
import sys
from pathlib import Path

from .options import CONFIG, add_config_options, whole_number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument('config', metavar='CONFIG', help=CONFIG)
    add_config_options(parser)
    parser.add_argument(
        '--limit', type=int, help='read at most N images of each data set, evenly spaced'
    )
    parser.add_argument(
        '--workers',
        type=whole_number(0),
        default=os.cpu_count(),
        help='processes (default: one per CPU core)',
    )
    parser.add_argument(
        '--out', type=Path, help='folder of report and sheets (default: WORK_DIR/check_data)'
    )


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from mmseg_maxsquare.doctor.check import check_config

    sound = check_config(
        args.config, args.cfg_options, args.work_dir, args.limit, args.workers, args.out
    )
    sys.exit(0 if sound else 1)
