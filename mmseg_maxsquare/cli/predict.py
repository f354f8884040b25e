"""Predict a folder of images.

IMAGES is a folder, which is searched through, one image, or a text file of paths. Writes
labels/ (palette PNGs whose pixels are class ids, at the size of the image) and overlays/ below
--out, with the folders of the images.

As in: mmseg-maxsquare predict my_config.py adapted.pth my/photos --out predictions
"""

import argparse
from pathlib import Path

from .options import CONFIG, add_cfg_options, add_device


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument('config', metavar='CONFIG', help=CONFIG)
    parser.add_argument('checkpoint', metavar='CHECKPOINT', help='weights of the model')
    parser.add_argument('images', metavar='IMAGES', help='folder of images, or a list of paths')
    parser.add_argument('--out', type=Path, required=True, help='folder of the outputs')
    parser.add_argument('--no-overlays', action='store_true', help='write the labels only')
    parser.add_argument(
        '--probabilities',
        action='store_true',
        help='also write probabilities/: npz files, float16 (classes, height, width)',
    )
    parser.add_argument(
        '--tta', action='store_true', help='average over each image and its mirror image'
    )
    parser.add_argument(
        '--resume', action='store_true', help='go on in --out; finished images are left alone'
    )
    add_device(parser)
    add_cfg_options(parser)


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from mmseg_maxsquare.adapt.predict import predict

    predict(
        args.config,
        args.checkpoint,
        args.images,
        args.out,
        overlays=not args.no_overlays,
        probabilities=args.probabilities,
        tta=args.tta,
        resume=args.resume,
        device=args.device,
        options=args.cfg_options,
    )
