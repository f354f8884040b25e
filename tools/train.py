"""Train a model, as in: python tools/train.py configs/maxsquare/gta2cs.py"""

import argparse

import torch
from mmengine.config import Config
from mmengine.device import get_device

from mmseg_maxsquare.engine import load_only_safely

from checkpoints import require_checkpoint, resume_from_newest
from launch import add_common_arguments, build_runner, fail, load_config, sentences
from preflight import check_training


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='go on from the newest checkpoint in the work dir that can be read',
    )
    parser.add_argument(
        '--amp',
        nargs='?',
        const='float16',
        choices=['float16', 'bfloat16'],
        help='automatic mixed precision (needs a GPU); float16 if nothing is said',
    )
    add_common_arguments(parser)
    return parser.parse_args()


def use_amp(cfg: Config, dtype: str) -> None:
    """Have the forward passes computed in half precision."""
    if get_device() == 'cpu':
        fail('--amp needs a GPU and there is none here; leave it out')
    if dtype == 'bfloat16' and get_device() == 'cuda' and not torch.cuda.is_bf16_supported():
        fail(f'--amp: {torch.cuda.get_device_name()} has no bfloat16; use --amp float16')
    # The range of bfloat16 is that of float32: there is nothing to scale.
    scale = 'dynamic' if dtype == 'float16' else dict(enabled=False)
    cfg.optim_wrapper.update(type='AmpOptimWrapper', dtype=dtype)
    cfg.optim_wrapper.setdefault('loss_scale', scale)


def main() -> None:
    args = parse_args()
    load_only_safely()
    cfg = load_config(args, loaders=('train_dataloader', 'val_dataloader'))
    if args.amp:
        use_amp(cfg, args.amp)
    if not (args.resume and resume_from_newest(cfg)) and cfg.get('load_from'):
        require_checkpoint(
            cfg.load_from,
            'load_from',
            'train the source model first (configs/source_only), '
            'or name another with --cfg-options load_from=PATH',
        )
    check_training(cfg, args.resume)
    runner = build_runner(cfg, ('train', 'val'))
    with sentences(cfg):
        runner.train()


if __name__ == '__main__':
    main()
