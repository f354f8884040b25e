"""Evaluate a checkpoint on the test data of a config.

Several checkpoints of one network predict together, as an ensemble.

As in: mmseg-maxsquare test maxsquare/gta2cs.py work_dirs/maxsquare/gta2cs/iter_29760.pth
"""

import argparse

from .options import CONFIG, add_config_options, add_launcher, add_verbose


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument('config', metavar='CONFIG', help=CONFIG)
    parser.add_argument(
        'checkpoint', metavar='CHECKPOINT', nargs='+', help='checkpoint file; several vote together'
    )
    parser.add_argument(
        '--weights', type=float, nargs='+', help='weights of several checkpoints (default: equal)'
    )
    parser.add_argument(
        '--mean',
        choices=['logits', 'probabilities'],
        default='logits',
        help='what several checkpoints average (default: logits)',
    )
    parser.add_argument('--out', help='folder for the predictions: label PNGs, or a CSV of classes')
    parser.add_argument('--show', action='store_true', help='show the predictions in a window')
    parser.add_argument('--show-dir', help='folder for images of the predictions')
    parser.add_argument(
        '--wait-time', type=float, default=2, help='seconds for which an image is shown'
    )
    parser.add_argument(
        '--tta', action='store_true', help='average over the augmentations of tta_pipeline'
    )
    add_config_options(parser)
    add_launcher(parser)
    add_verbose(parser)


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from mmseg_maxsquare.runs.evaluate import evaluate

    evaluate(
        args.config,
        args.checkpoint,
        args.cfg_options,
        args.work_dir,
        out=args.out,
        show=args.show,
        show_dir=args.show_dir,
        wait_time=args.wait_time,
        tta=args.tta,
        launcher=args.launcher,
        local_rank=args.local_rank,
        verbose=args.verbose,
        weights=args.weights,
        mean=args.mean,
    )
