"""Draw on which pixels the gradient of the target losses concentrates.

Shares of the total gradient magnitude on the test images of a config, by decile of
confidence (ten equal groups of pixels) and by predicted class: for the entropy, scaled or
not, and the maximum squares loss, image-wise weighted or not. Labels are not used.

As in: mmseg-maxsquare gradient-share maxsquare/camvid_day2dusk.py CHECKPOINT
"""

import argparse

from .options import add_prediction_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_prediction_arguments(parser, 'gradient_share')


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from mmseg_maxsquare.analysis.gradient_share import gradient_share
    from mmseg_maxsquare.analysis.predictions import Predicted

    gradient_share(Predicted(args.config, args.checkpoint, args.device, args.cfg_options), args.out)
