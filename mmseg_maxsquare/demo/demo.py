"""Adapts a model from scratch in minutes.

Draws a street world in the file formats of GTA5 and Cityscapes, trains the real gta2cs
configs on it (scaled down by configs/demo/overlay.py), prints a table and writes a sheet
of images. Finished runs are kept: a second call only reports.
"""

import os
import time
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from mmseg_maxsquare.analysis.collect import write_table
from mmseg_maxsquare.analysis.overlay import apply_overlay
from mmseg_maxsquare.analysis.panels import compare
from mmseg_maxsquare.analysis.pictures import draw_comparison
from mmseg_maxsquare.analysis.runner import last_checkpoint, prepare, work_dir_of
from mmseg_maxsquare.analysis.schedule import Plan
from mmseg_maxsquare.analysis.table import run_all
from mmseg_maxsquare.analysis.tables import Row, Run, Table
from mmseg_maxsquare.runs.errors import fail
from mmseg_maxsquare.runs.models import plain_model
from mmseg_maxsquare.shipped import shipped_configs

from .street_world import DRAWN_CLASSES, write_world

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


def run_demo(out: Path = Path('work_dirs/demo'), seed: int = 0) -> None:
    """Draw the world, train the configs on it, print a table and write pictures.

    Args:
        out: Folder of world, runs and results.
        seed: Of the runs.
    """
    started = time.time()
    out = out.resolve()
    os.environ['MMSEG_MAXSQUARE_DATA'] = str(out / 'world')
    try:
        write_world(out / 'world', seed=0)
    except FileExistsError as error:
        fail(str(error))
    failures = run_all(Plan(TABLE.runs, [seed], out, shrink))
    if failures:
        fail('\n'.join(['these runs failed:', *failures.values()]))
    table = write_table(TABLE, [out / f'seed{seed}'], out)
    first, best = TABLE.rows[0], TABLE.rows[-1]
    checkpoints = {
        row.name: last_checkpoint(work_dir_of(row.run, seed, out)) for row in (first, best)
    }
    config = prepare(SOURCE, seed, out, shrink)
    held_out = source_score(
        config, checkpoints[first.name], out / 'world/gta5_val', out / 'held_out'
    )
    adapted = prepare(best.run, seed, out, shrink)
    draw_comparison(compare(adapted, checkpoints, differing=3, random=2), out / 'sheet.png')
    print(f'\n{table}\nSource only on held-out source scenes: {held_out:.1f}')
    print(f'The pictures: {out / "sheet.png"}, {out / "bars.png"}')
    print(f'{time.time() - started:.0f} s in all')


def shrink(cfg: Config) -> None:
    """Apply configs/demo/overlay.py to a real config, and score the drawn classes."""
    apply_overlay(cfg, shipped_configs() / 'demo/overlay.py')
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
