"""Adapt a model to a folder of images, without labels.

CONFIG is the mmseg config that trained the model, CHECKPOINT its weights, TARGET a folder of
images, one image, or a text file of paths. Writes the adapted weights, a report for the
browser, and a verdict that needs no labels. The same call resumes a run that was stopped.

As in: mmseg-maxsquare adapt my_config.py my_model.pth my/photos
"""

import argparse
from pathlib import Path

from .options import CONFIG, add_cfg_options, add_device, add_verbose


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument('config', metavar='CONFIG', help=CONFIG)
    parser.add_argument('checkpoint', metavar='CHECKPOINT', help='weights of the model')
    parser.add_argument('target', metavar='TARGET', help='folder of images, or a list of paths')
    parser.add_argument(
        '--out', type=Path, help='folder of the results (default: work_dirs/adapt/CONFIG_TARGET)'
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        '--source-free', action='store_true', help='use the target images only (default)'
    )
    mode.add_argument(
        '--with-source', action='store_true', help='also use the training data of CONFIG'
    )
    parser.add_argument('--steps', type=int, default=200, help='training steps (200)')
    parser.add_argument(
        '--method',
        choices=['iw', 'maxsquare', 'minent'],
        default='iw',
        help='target loss: squares weighted by image (iw, default), plain squares, or entropy',
    )
    parser.add_argument(
        '--params',
        choices=['norm', 'all'],
        default='norm',
        help='train the norm layers (default) or all parameters',
    )
    parser.add_argument('--lr', type=float, default=1e-3, help='learning rate of Adam (1e-3)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the run (0)')
    parser.add_argument(
        '--amp',
        nargs='?',
        const='float16',
        choices=['float16', 'bfloat16'],
        help='automatic mixed precision on a GPU (default type: float16)',
    )
    parser.add_argument(
        '--labels', type=Path, help='folder of label PNGs, only to score the result'
    )
    parser.add_argument(
        '--dry-run', action='store_true', help='check everything, write the config, run nothing'
    )
    add_device(parser)
    add_cfg_options(parser)
    add_verbose(parser)


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from mmseg_maxsquare.adapt.adapt import adapt
    from mmseg_maxsquare.adapt.request import Request

    request = Request(
        config=args.config,
        checkpoint=args.checkpoint,
        target=args.target,
        out=args.out,
        with_source=args.with_source,
        steps=args.steps,
        method=args.method,
        params=args.params,
        lr=args.lr,
        seed=args.seed,
        amp=args.amp,
        device=args.device,
        options=args.cfg_options,
        labels=args.labels,
    )
    adapt(request, args.dry_run, args.verbose)
