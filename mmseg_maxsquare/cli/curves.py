"""Draw the training curves of some runs.

Reads their logs, also those of a run that was stopped and resumed. Writes a PNG with one
panel for each quantity that any of the runs logged, and the numbers as CSV beside it.

As in: mmseg-maxsquare curves square=work_dirs/maxsquare/gta2cs entropy=work_dirs/minent/gta2cs
"""

import argparse

from .options import add_out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument('runs', nargs='+', metavar='NAME=WORK_DIR', help='runs by name')
    add_out(parser, 'curves')


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from mmseg_maxsquare.analysis.curves import draw_curves

    draw_curves(args.runs, args.out)
