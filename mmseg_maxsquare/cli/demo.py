"""Adapt a model from scratch in minutes, in a generated street world.

Draws a street world in the file formats of GTA5 and Cityscapes, trains the real gta2cs
configs on it, scaled down so that two CPU cores are enough, and adapts the same source
model with the command adapt, source-free and with source. Prints a table and shows adapt's
report. Finished runs are kept: a second call only reports. --world only draws the world, as
data for other configs.
"""

import argparse
import sys
from pathlib import Path

from .options import seed

DEFAULT_OUT = Path('work_dirs/demo')
FORMATS = ('gta5', 'cityscapes', 'synthia', 'nthu')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument('--out', type=Path, help=f'folder of all results (default: {DEFAULT_OUT})')
    parser.add_argument('--seed', type=seed, default=0, help='of the world and the runs (0)')
    parser.add_argument(
        '--full', action='store_true', help='also MinEnt, MaxSquare and MaxSquare+IW'
    )
    parser.add_argument(
        '--world',
        type=Path,
        metavar='DIR',
        help='only draw the world, into this folder (new, or of the same world)',
    )
    parser.add_argument(
        '--formats',
        nargs='+',
        choices=FORMATS,
        metavar='FORMAT',
        help=f'with --world: some of {", ".join(FORMATS)} (default: all)',
    )


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    if args.world is None:
        if args.formats:
            sys.exit('error: --formats chooses what is drawn into --world DIR; add that')
        from mmseg_maxsquare.demo.demo import run_demo

        run_demo(args.out or DEFAULT_OUT, args.seed, args.full)
        return
    if args.full:
        sys.exit('error: --full adds runs, but --world runs nothing; leave one out')
    if args.out is not None:
        sys.exit('error: --out is the folder of runs, but --world runs nothing; leave one out')
    from mmseg_maxsquare.demo.street_world import write_world

    try:
        write_world(args.world, args.seed, args.formats or FORMATS)
    except OSError as error:
        sys.exit(f'error: {error}')
