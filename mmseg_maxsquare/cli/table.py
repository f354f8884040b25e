"""Run all rows of a results table, or collect finished runs into tables.

NAME is the number of a table of the paper (1 to 6), the name of another one in
configs/tables, or a file of the same form. The source model is trained once, then each
adaptation; finished runs are kept. Writes the table (Markdown, CSV) and pictures.

As in: mmseg-maxsquare table 2
       mmseg-maxsquare table --collect work_dirs
"""

import argparse
import sys
from pathlib import Path

from .options import add_plan_options, add_runs_options, seed

DEFAULT_OUT = Path('work_dirs/tables')
OF_RUNS = ('seeds', 'rows', 'data', 'dry_run', 'step_seconds', 'workers', 'overlay', 'cfg_options')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        'names', nargs='*', metavar='NAME', help='1, ..., 6, camvid_day2dusk, digits, or a file'
    )
    parser.add_argument('--seeds', type=seed, nargs='+', default=[0], help='default: 0')
    parser.add_argument(
        '--out', type=Path, default=DEFAULT_OUT, help='folder of runs and tables (%(default)s)'
    )
    parser.add_argument(
        '--rows',
        nargs='+',
        default=[],
        metavar='PATTERN',
        help="run only these rows: names, patterns such as 'CBST*', or parts of names",
    )
    add_runs_options(parser)
    add_plan_options(parser, workers=1)
    parser.add_argument(
        '--overlay',
        type=Path,
        help='file that scales runs down, such as configs/demo/overlay.py',
    )
    parser.add_argument(
        '--collect',
        type=Path,
        nargs='+',
        metavar='WORK_DIR',
        help='run nothing: find the finished runs below these folders and write their tables '
        '(NAME ... or all)',
    )
    parser.add_argument(
        '--oracle',
        action='store_true',
        help='with --collect: use the validation that is best on the target labels, not the last',
    )
    parser.set_defaults(parser=parser)


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    _check(args)
    if args.collect:
        from mmseg_maxsquare.analysis.collect import collect_tables

        collect_tables(args.collect, args.names, args.out, args.oracle)
        return
    from mmseg_maxsquare.analysis.table import run_table

    run_table(
        args.names[0],
        args.seeds,
        args.out,
        args.data,
        args.dry_run,
        args.step_seconds,
        args.overlay,
        args.cfg_options,
        args.workers,
        args.rows,
    )


def _check(args: argparse.Namespace) -> None:
    """Reject options that would be ignored."""
    if args.collect:
        ignored = [n for n in OF_RUNS if getattr(args, n) != args.parser.get_default(n)]
        if ignored:
            option = ignored[0].replace('_', '-')
            sys.exit(f'error: --{option} changes runs, but --collect runs nothing; leave one out')
    elif args.oracle:
        sys.exit('error: --oracle chooses among finished runs; add --collect WORK_DIR')
    elif len(args.names) != 1:
        sys.exit(f'error: name one table, got {len(args.names)}: mmseg-maxsquare table NAME')
