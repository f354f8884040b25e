"""Measure how strong the target terms of an adaptation are beside its source loss.

Strength is the mean length of the target terms' gradient by the logits over that of the
source terms, as both enter the total. The weights of two losses are comparable if their
strengths are. Labels of the target are not used.

As in: mmseg-maxsquare strength minent/gta2cs.py work_dirs/source_only/gta/iter_70000.pth
"""

import argparse

from .options import CONFIG, add_cfg_options, add_device, positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument('config', metavar='CONFIG', help=f'{CONFIG}; an adaptation with a source')
    parser.add_argument(
        'checkpoint', metavar='CHECKPOINT', help="weights to measure at, as the source model's"
    )
    parser.add_argument(
        '--batches', type=positive, default=64, help='batches of each domain (default: 64)'
    )
    add_device(parser)
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from mmseg_maxsquare.analysis.measured_strength import measured_strength

    found = measured_strength(
        args.config, args.checkpoint, args.batches, args.device, args.cfg_options
    )
    for head, value in found.items():
        print(f'{head}: {value:.4g}')
