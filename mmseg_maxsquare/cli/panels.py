"""Compare models on images: predictions, confidence, guidance.

Shows the images of CONFIG's test data on which the models differ most, and some random
ones: image and ground truth, each model's prediction above its confidence and, if CONFIG
has model.guidance, the guidance of the last model. Writes a PNG, and beside it the
disagreement of the models on every image as CSV.

As in: mmseg-maxsquare panels CONFIG source=A.pth adapted=B.pth
"""

import argparse

from .options import CONFIG, add_cfg_options, add_device, add_out, seed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        'config',
        metavar='CONFIG',
        help=f"{CONFIG}; use the last model's to show its guidance",
    )
    parser.add_argument('checkpoints', nargs='+', metavar='NAME=CHECKPOINT', help='two or more')
    parser.add_argument('--differing', type=int, default=4, help='images that differ most (4)')
    parser.add_argument('--random', type=int, default=4, help='images at random (4)')
    parser.add_argument('--seed', type=seed, default=0, help='of the random images (0)')
    parser.add_argument(
        '--no-images',
        action='store_true',
        help='leave out image and ground truth, for data that must not be published',
    )
    add_out(parser, 'panels')
    add_device(parser)
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from mmseg_maxsquare.analysis.panels import draw_panels

    draw_panels(
        args.config,
        args.checkpoints,
        args.out,
        differing=args.differing,
        random=args.random,
        seed=args.seed,
        device=args.device,
        show_data=not args.no_images,
        options=args.cfg_options,
    )
