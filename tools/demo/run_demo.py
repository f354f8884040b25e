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

from overlay import apply_overlay  # noqa: E402
from panels import compare  # noqa: E402
from paper_table import write_table  # noqa: E402
from pictures import draw_comparison, plain_model  # noqa: E402
from run_table import run_all  # noqa: E402
from runs import last_checkpoint, prepare, work_dir_of  # noqa: E402
from street_world import DRAWN_CLASSES, write_world  # noqa: E402
from tables import Row, Run, Table  # noqa: E402

METRIC = 'mIoU_drawn'
SOURCE = Run('source_only/gta.py')
TABLE = Table(
    name='demo',
    title=f'Generated street world, {len(DRAWN_CLASSES)} drawn classes of the target',
    rows=[
        Row('Source only', SOURCE),
        Row('MinEnt', Run('minent/gta2cs.py', start=SOURCE)),
        Row('MaxSquare', Run('maxsquare/gta2cs.py', start=SOURCE)),
        Row('MaxSquare+IW', Run('maxsquare/gta2cs_iw.py', start=SOURCE)),
        Row('MaxSquare+IW+Multi', Run('maxsquare/gta2cs_iw_multi.py', start=SOURCE)),
    ],
    means={METRIC: 'mIoU'},
    classes=list(DRAWN_CLASSES),
    references=['Source only'],
)


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
    failures = run_all(TABLE.runs, [args.seed], out, shrink)
    if failures:
        sys.exit('\n'.join(['error: these runs failed:', *failures.values()]))
    table = write_table(TABLE, [out / f'seed{args.seed}'], out)
    first, best = TABLE.rows[0], TABLE.rows[-1]
    checkpoints = {
        row.name: last_checkpoint(work_dir_of(row.run, args.seed, out)) for row in (first, best)
    }
    config = prepare(SOURCE, args.seed, out, shrink)
    held_out = source_score(
        config, checkpoints[first.name], out / 'world/gta5_val', out / 'held_out'
    )
    adapted = prepare(best.run, args.seed, out, shrink)
    draw_comparison(compare(adapted, checkpoints, differing=3, random=2), out / 'sheet.png')
    print(f'\n{table}\nSource only on held-out source scenes: {held_out:.1f}')
    print(f'The pictures: {out / "sheet.png"}, {out / "bars.png"}')
    print(f'{time.time() - started:.0f} s in all')


def shrink(cfg: Config) -> None:
    """Lay configs/demo/overlay.py over a real config, and score the drawn classes."""
    apply_overlay(cfg, REPO / 'configs/demo/overlay.py')
    cfg.val_evaluator.subsets = {METRIC: list(DRAWN_CLASSES)}
    cfg.test_evaluator = cfg.val_evaluator


def source_score(config: Config, checkpoint: Path, data_root: Path, work_dir: Path) -> float:
    """mIoU of the source model on source scenes that it has not seen."""
    cfg = plain_model(config)
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
