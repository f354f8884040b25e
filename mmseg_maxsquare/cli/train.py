"""Train a model.

As in: mmseg-maxsquare train maxsquare/gta2cs.py
"""

import argparse

from .options import CONFIG, add_amp, add_config_options, add_launcher, add_verbose


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument('config', metavar='CONFIG', help=CONFIG)
    parser.add_argument(
        '--resume',
        action='store_true',
        help='resume from the newest readable checkpoint in the work dir, if there is one',
    )
    add_amp(parser)
    add_config_options(parser)
    add_launcher(parser)
    add_verbose(parser)


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from mmseg_maxsquare.runs.train import train

    train(
        args.config,
        args.cfg_options,
        args.work_dir,
        resume=args.resume,
        amp=args.amp,
        launcher=args.launcher,
        local_rank=args.local_rank,
        verbose=args.verbose,
    )
