"""Evaluate a checkpoint, as in: python tools/test.py CONFIG work_dirs/.../iter_29760.pth"""

import argparse

from mmseg_maxsquare.engine import load_only_safely

from checkpoints import require_checkpoint
from launch import add_common_arguments, build_runner, fail, load_config, sentences
from preflight import check_test


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', help='folder for the predictions: label PNGs, or a CSV of classes')
    parser.add_argument('--show', action='store_true', help='show the predictions in a window')
    parser.add_argument('--show-dir', help='folder for pictures of the predictions')
    parser.add_argument(
        '--wait-time', type=float, default=2, help='seconds that a picture is shown'
    )
    parser.add_argument(
        '--tta', action='store_true', help='average over the augmentations of tta_pipeline'
    )
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    load_only_safely()
    cfg = load_config(args, loaders=('test_dataloader',))
    require_checkpoint(args.checkpoint, 'checkpoint', 'a training run writes them to its work dir')
    cfg.load_from = args.checkpoint
    check_test(cfg)
    if args.show or args.show_dir:
        if 'visualization' not in cfg.default_hooks:
            fail('--show and --show-dir draw segmentations; this config has none, use --out')
        if 'network_input' in str(cfg.test_dataloader.dataset):
            fail(
                '--show and --show-dir draw on the original images, but the evaluation protocol '
                'keeps predictions at the size of the network input; use --out, or the config '
                'with the protocol full_resolution'
            )
        cfg.default_hooks.visualization.update(
            draw=True, interval=1, show=args.show, wait_time=args.wait_time
        )
        cfg.visualizer.save_dir = args.show_dir or cfg.visualizer.get('save_dir')
    if args.out:
        cfg.test_evaluator.update(output_dir=args.out)
        if 'decode_head' in cfg.model:
            # Some of mmseg's metrics delete what they wrote, unless they are told.
            cfg.test_evaluator.update(keep_results=True)
    if args.tta:
        if 'tta_pipeline' not in cfg or 'tta_model' not in cfg:
            fail('--tta: the config has no tta_pipeline and tta_model')
        cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
        cfg.tta_model.module = cfg.model
        cfg.model = cfg.tta_model
    runner = build_runner(cfg, ('test',))
    with sentences(cfg):
        runner.test()


if __name__ == '__main__':
    main()
