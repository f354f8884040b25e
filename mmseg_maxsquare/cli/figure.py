"""Draw a figure of the paper, from our own runs.

1  gradient magnitude of a pixel against its probability
2  mean probability of every class against its IoU
3  features of two classes before and after adaptation
4  frequency of every class against its IoU
5  on which target images each loss helps (trains the models)

As in: mmseg-maxsquare figure 2 maxsquare/camvid_day2dusk.py CHECKPOINT
"""

import argparse
from pathlib import Path

from .options import (
    CONFIG,
    add_cfg_options,
    add_device,
    add_out,
    add_prediction_arguments,
    add_runs_options,
    seed,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command: those of each figure."""
    figures = parser.add_subparsers(metavar='{1,2,3,4,5}', required=True)
    for number, (about, add) in FIGURES.items():
        child = figures.add_parser(str(number), help=about, description=f'Figure {number}: {about}')
        add(child)


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    args.draw(args)


def _add_figure1(parser: argparse.ArgumentParser) -> None:
    add_out(parser, 'figure1')
    parser.set_defaults(draw=_figure1)


def _figure1(args: argparse.Namespace) -> None:
    from mmseg_maxsquare.analysis.figure1 import figure1

    figure1(args.out)


def _add_figure2(parser: argparse.ArgumentParser) -> None:
    add_prediction_arguments(parser, 'figure2')
    parser.set_defaults(draw=_figure2)


def _figure2(args: argparse.Namespace) -> None:
    from mmseg_maxsquare.analysis.figure2 import figure2
    from mmseg_maxsquare.analysis.predictions import Predicted

    figure2(Predicted(args.config, args.checkpoint, args.device, args.cfg_options), args.out)


def _add_figure3(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', metavar='CONFIG', help=f'{CONFIG}; must adapt a classifier')
    parser.add_argument('before', metavar='BEFORE', help='checkpoint, such as of the source model')
    parser.add_argument('after', metavar='AFTER', help='checkpoint of the adaptation')
    parser.add_argument(
        '--classes',
        nargs=2,
        metavar='NAME',
        help='default: the two that the first model confuses most often on the target',
    )
    add_out(parser, 'figure3')
    add_device(parser)
    add_cfg_options(parser)
    parser.set_defaults(draw=_figure3)


def _figure3(args: argparse.Namespace) -> None:
    from mmseg_maxsquare.analysis.figure3 import figure3

    figure3(
        args.config,
        args.before,
        args.after,
        args.out,
        args.classes,
        args.device,
        args.cfg_options,
    )


def _add_figure4(parser: argparse.ArgumentParser) -> None:
    add_prediction_arguments(parser, 'figure4')
    parser.set_defaults(draw=_figure4)


def _figure4(args: argparse.Namespace) -> None:
    from mmseg_maxsquare.analysis.figure4 import figure4
    from mmseg_maxsquare.analysis.predictions import Predicted

    figure4(Predicted(args.config, args.checkpoint, args.device, args.cfg_options), args.out)


def _add_figure5(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'task', metavar='TASK', help='digits_mnist2uci, digits_uci2mnist, office31_a2w, ...'
    )
    parser.add_argument('--seeds', type=seed, nargs='+', default=[0], help='default: 0')
    parser.add_argument(
        '--out',
        type=Path,
        help='folder of runs and picture (default: work_dirs/figures/figure5/TASK)',
    )
    add_runs_options(parser)
    parser.set_defaults(draw=_figure5)


def _figure5(args: argparse.Namespace) -> None:
    from mmseg_maxsquare.analysis.figure5 import figure5

    figure5(args.task, args.seeds, args.data, args.out, args.cfg_options)


FIGURES = {
    1: ('gradient magnitude of a pixel against its probability', _add_figure1),
    2: ('mean probability of every class against its IoU', _add_figure2),
    3: ('features of two classes before and after adaptation', _add_figure3),
    4: ('frequency of every class against its IoU', _add_figure4),
    5: ('on which target images each loss helps', _add_figure5),
}
