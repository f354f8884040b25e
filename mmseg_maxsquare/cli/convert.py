"""Convert a checkpoint from or to other key names.

From a checkpoint of the authors' released network, or AdaptSegNet's ImageNet
initialisation (backbone only), to this package's key names; back with --to released or
--to adaptsegnet. --to mmseg also reads the published MXNet parameters of Wider
ResNet-38. Every tensor must be present and of the right shape, and no code in a file is
executed.

As in: mmseg-maxsquare convert SRC DST --to mmseg
"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument('source', metavar='SRC', type=Path, help='checkpoint to read')
    parser.add_argument('target', metavar='DST', type=Path, help='file to write; must not exist')
    parser.add_argument(
        '--to',
        required=True,
        choices=['mmseg', 'released', 'adaptsegnet'],
        help="key names of DST: this package's, the authors', or AdaptSegNet's (backbone only)",
    )
    add_classifiers(parser)


def add_classifiers(parser: argparse.ArgumentParser) -> None:
    """The option ``--classifiers``: how many of the authors' four classifiers are used."""
    parser.add_argument(
        '--classifiers',
        type=int,
        choices=[2, 4],
        default=2,
        help="classifiers summed per level in this package's model: 2 (default) for "
        'dilations=(6, 12), all that the released code ever uses, whatever its files hold; 4 for '
        'dilations=(6, 12, 18, 24), to exchange with code that sums all four',
    )


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from mmseg_maxsquare.converters.convert import convert_file

    convert_file(args.source, args.target, args.to, args.classifiers)
