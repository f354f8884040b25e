"""Train a model, as in: python tools/train.py configs/maxsquare/gta2cs.py"""

import argparse

from mmengine.device import get_device
from mmengine.runner import Runner, find_latest_checkpoint

from launch import add_common_arguments, fail, load_config, require_file


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--resume', action='store_true', help='go on from the last checkpoint in the work dir'
    )
    parser.add_argument(
        '--amp', action='store_true', help='automatic mixed precision (needs an accelerator)'
    )
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cfg = load_config(args, loaders=('train_dataloader', 'val_dataloader'))
    if args.amp:
        if get_device() == 'cpu':
            fail('--amp needs a GPU and there is none here; leave it out')
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    # mmengine would resume from load_from, the source model, if it were left set.
    if args.resume and find_latest_checkpoint(cfg.work_dir) is not None:
        cfg.resume, cfg.load_from = True, None
    if cfg.get('load_from'):
        require_file(
            cfg.load_from,
            'load_from',
            'train the source model first (configs/source_only), '
            'or name another with --cfg-options load_from=PATH',
        )
    Runner.from_cfg(cfg).train()


if __name__ == '__main__':
    main()
