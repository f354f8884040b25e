"""Train a model, as in: python tools/train.py configs/maxsquare/gta2cs.py"""

import argparse

from mmengine.device import get_device
from mmengine.runner import Runner

from mmseg_maxsquare.engine import load_only_safely

from checkpoints import require_checkpoint, resume_from_newest
from launch import add_common_arguments, fail, load_config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='go on from the newest checkpoint in the work dir that can be read',
    )
    parser.add_argument(
        '--amp', action='store_true', help='automatic mixed precision (needs an accelerator)'
    )
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    load_only_safely()
    cfg = load_config(args, loaders=('train_dataloader', 'val_dataloader'))
    if args.amp:
        if get_device() == 'cpu':
            fail('--amp needs a GPU and there is none here; leave it out')
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if not (args.resume and resume_from_newest(cfg)) and cfg.get('load_from'):
        require_checkpoint(
            cfg.load_from,
            'load_from',
            'train the source model first (configs/source_only), '
            'or name another with --cfg-options load_from=PATH',
        )
    Runner.from_cfg(cfg).train()


if __name__ == '__main__':
    main()
