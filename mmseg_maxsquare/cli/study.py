"""Run a study: several tables on several seeds.

NAME is the name of a file in configs/studies, or a file of the same form. Finished runs
are kept, and the remaining time is shown before each run.
As in: mmseg-maxsquare study camvid
"""

import argparse
import sys
from pathlib import Path

from .options import add_plan_options, add_runs_options, seed

NOT_WITH_VERIFY = ('seeds', 'dry_run', 'step_seconds', 'workers', 'cfg_options')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument('name', metavar='NAME', help='such as camvid, or a file')
    parser.add_argument(
        '--seeds', type=seed, nargs='+', default=[], help="default: the study's own"
    )
    parser.add_argument(
        '--out', type=Path, help='folder of runs and tables (default: work_dirs/studies/NAME)'
    )
    parser.add_argument(
        '--verify',
        metavar='CELL',
        help='run one cell of the published results again, TABLE/ROW/SEED such as '
        'evidence_camvid_dusk/MaxSquare/0, and compare',
    )
    add_runs_options(parser)
    add_plan_options(parser, workers=2)
    parser.set_defaults(parser=parser)


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    if args.verify:
        for name in NOT_WITH_VERIFY:
            if getattr(args, name) != args.parser.get_default(name):
                option = name.replace('_', '-')
                sys.exit(f'error: --{option} changes nothing of --verify; leave one out')
        from mmseg_maxsquare.analysis.verify import verify_cell

        verify_cell(args.name, args.verify, args.out, args.data)
        return
    from mmseg_maxsquare.analysis.study import run_study

    run_study(
        args.name,
        args.seeds,
        args.out,
        args.data,
        args.dry_run,
        args.step_seconds,
        args.cfg_options,
        args.workers,
    )
