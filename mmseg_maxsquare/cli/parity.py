"""Compare our network with the authors' released one.

Loads the same weights, random or from a checkpoint of the authors, into a plain PyTorch
reimplementation of the released network and, converted, into this package's model, and
compares the logits of both levels on the same images. Fails if they differ.

As in: mmseg-maxsquare parity
"""

import argparse
from pathlib import Path

from .convert import add_classifiers
from .options import seed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        'checkpoint',
        nargs='?',
        metavar='CHECKPOINT',
        type=Path,
        help='checkpoint of the authors (default: random weights)',
    )
    add_classifiers(parser)
    parser.add_argument('--double', action='store_true', help='compare in double precision')
    parser.add_argument('--seed', type=seed, default=0, help='of weights and images (0)')


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from mmseg_maxsquare.converters.parity import parity

    parity(args.checkpoint, args.classifiers, args.double, args.seed)
