"""Adapt a model from scratch in minutes: python tools/demo/run_demo.py (or: make demo)

Draws a street world in the file formats of GTA5 and Cityscapes, trains the real
gta2cs configs on it (shrunk by configs/demo/overlay.py), prints a table and writes
a picture sheet. Finished runs are kept: a second call only reports.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / 'tools/analysis'))

from report import markdown_table, picture_sheet, plain_model  # noqa: E402
from rows import Row, last_checkpoint, run_rows  # noqa: E402
from street_world import DRAWN_CLASSES, write_world  # noqa: E402

METRIC = 'mIoU_drawn'
ROWS = [
    Row('Source only', 'source_only/gta.py'),
    Row('MinEnt', 'minent/gta2cs.py', 'Source only'),
    Row('MaxSquare', 'maxsquare/gta2cs.py', 'Source only'),
    Row('MaxSquare+IW', 'maxsquare/gta2cs_iw.py', 'Source only'),
    Row('MaxSquare+IW+Multi', 'maxsquare/gta2cs_iw_multi.py', 'Source only'),
]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, default=Path('work_dirs/demo'))
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    started = time.time()
    out = args.out.resolve()
    os.environ['MMSEG_MAXSQUARE_DATA'] = str(out / 'world')
    write_world(out / 'world', seed=0)
    results = run_rows(ROWS, [args.seed], out, shrink, METRIC)
    work_dirs = {row.name: out / f'seed{args.seed}' / row.slug for row in ROWS}
    source = last_checkpoint(work_dirs['Source only'])
    held_out = source_score(source, out / 'world/gta5_val', out / 'held_out')
    table = markdown_table(results, ['Source only'], list(DRAWN_CLASSES), METRIC)
    (out / 'table.md').write_text(table)
    best = ROWS[-1].name
    picture_sheet(
        shrunk(ROWS[0]),
        {'source only': source, best: last_checkpoint(work_dirs[best])},
        out / 'sheet.png',
        width=256,
    )
    print(f'\nmIoU (%) over the {len(DRAWN_CLASSES)} drawn classes on the target, seed {args.seed}')
    print(f'\n{table}\nSource only on held-out source scenes: {held_out:.1f}')
    print(f'The picture: {out / "sheet.png"}  ({time.time() - started:.0f} s in all)')


def shrink(cfg: Config) -> None:
    """Lay configs/demo/overlay.py over a real config."""
    overlay = Config.fromfile(REPO / 'configs/demo/overlay.py').to_dict()
    phases = {phase: overlay.pop(phase) for phase in ('source', 'adapt')}
    phase = phases['adapt' if cfg.model.type == 'UDAEncoderDecoder' else 'source']
    scale = overlay.pop('image_scale')
    if 'auxiliary_head' not in cfg.model:
        overlay['model'].pop('auxiliary_head')
    cfg.merge_from_dict(overlay)
    steps = phase['max_iters']
    cfg.optim_wrapper.optimizer.lr = phase['lr']
    cfg.train_cfg.update(max_iters=steps, val_interval=steps)
    cfg.param_scheduler[0].end = steps + 1
    cfg.default_hooks.checkpoint.interval = steps
    cfg.default_hooks.logger.interval = 10
    cfg.val_evaluator.subsets = {METRIC: list(DRAWN_CLASSES)}
    cfg.test_evaluator = cfg.val_evaluator
    _rescale(cfg._cfg_dict, scale)


def _rescale(node: object, scale: tuple[int, int]) -> None:
    """Set the scale of every Resize below a config node."""
    if isinstance(node, dict):
        if node.get('type') == 'Resize':
            node['scale'] = scale
        for value in node.values():
            _rescale(value, scale)
    elif isinstance(node, list):
        for value in node:
            _rescale(value, scale)


def shrunk(row: Row) -> Config:
    """The config of a row as the demo runs it."""
    cfg = Config.fromfile(REPO / 'configs' / row.config)
    shrink(cfg)
    return cfg


def source_score(checkpoint: Path, data_root: Path, work_dir: Path) -> float:
    """mIoU of the source model on source scenes that it has not seen."""
    cfg = plain_model(shrunk(ROWS[0]))
    cfg.merge_from_dict(dict(work_dir=str(work_dir), load_from=str(checkpoint), log_level='ERROR'))
    cfg.test_dataloader.dataset = dict(
        type='GTA5Dataset',
        data_root=str(data_root),
        pipeline=cfg.test_dataloader.dataset.pipeline,
    )
    for unused in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler'):
        cfg.pop(unused)
    return Runner.from_cfg(cfg).test()[METRIC]


if __name__ == '__main__':
    main()
