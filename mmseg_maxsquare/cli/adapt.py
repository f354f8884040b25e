"""Adapt a model to a folder of images, without labels.

CONFIG is the mmseg config that trained the model, CHECKPOINT its weights, TARGET a folder of
images, one image, or a text file of paths. Writes the adapted weights, a report for the
browser, and a verdict that needs no labels. The same call resumes a run that was stopped.

As in: mmseg-maxsquare adapt my_config.py my_model.pth my/photos
"""

import argparse
import os
import sys
from pathlib import Path

from .options import CONFIG, add_amp, add_cfg_options, add_verbose


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
    add_amp(parser)
    parser.add_argument(
        '--labels', type=Path, help='folder of label PNGs, only to score the result'
    )
    parser.add_argument(
        '--dry-run', action='store_true', help='check everything, write the config, run nothing'
    )
    parser.add_argument('--device', help='cpu, cuda or cuda:N (default: the accelerator, if any)')
    add_cfg_options(parser)
    add_verbose(parser)


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    choose_device(args.device)
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


def choose_device(name: str | None) -> None:
    """Hide all GPUs but the chosen one.

    Training runs on the first accelerator that mmengine sees when it is imported, so this must
    come before.
    """
    if name is None or name == 'cuda':
        return
    visible = os.environ.get('CUDA_VISIBLE_DEVICES')
    number = name.removeprefix('cuda:')
    if name == 'cpu':
        os.environ['CUDA_VISIBLE_DEVICES'] = '-1'
    elif number.isdigit():
        known = visible.split(',') if visible else []
        index = int(number)
        os.environ['CUDA_VISIBLE_DEVICES'] = known[index] if index < len(known) else number
    else:
        sys.exit(f'error: --device: {name} is not known; give cpu, cuda or cuda:N')
