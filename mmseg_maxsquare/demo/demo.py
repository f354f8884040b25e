"""Adapts a model from scratch in minutes.

Draws a street world in the file formats of GTA5 and Cityscapes, trains the real gta2cs
configs on it (scaled down by configs/demo/overlay.py), adapts the same source model with
the command ``adapt``, and prints a table. Finished runs are kept: a second call only reports.
"""

import os
import sys
import time
import webbrowser
from dataclasses import replace
from pathlib import Path

from mmengine.config import Config

from mmseg_maxsquare.analysis.collect import collect, write_results
from mmseg_maxsquare.analysis.found_runs import find_runs
from mmseg_maxsquare.analysis.overlay import apply_overlay
from mmseg_maxsquare.analysis.panels import compare
from mmseg_maxsquare.analysis.pictures import draw_comparison
from mmseg_maxsquare.analysis.queue import run_all
from mmseg_maxsquare.analysis.rows import Row, Run, Table
from mmseg_maxsquare.analysis.runner import last_checkpoint, prepare, work_dir_of
from mmseg_maxsquare.analysis.schedule import Plan
from mmseg_maxsquare.runs.console import QuietRunner
from mmseg_maxsquare.runs.errors import fail
from mmseg_maxsquare.runs.models import plain_model
from mmseg_maxsquare.shipped import shipped_configs

from .adaptations import SOURCE_FREE, adapt_both, verdict_of
from .street_world import DRAWN_CLASSES, write_world

METRIC = 'mIoU_drawn'
# With it the gradient of these losses is still shorter than that of the source loss
# (engine/strength.py); no target label chose it.
STRONG = (('model.target_loss.loss_weight', 1.0),)
SOURCE = Run('source_only/gta.py')
BN = Row('BN control', Run('source_only/gta2cs_bn.py', start=SOURCE))
BEST = Row('MaxSquare+IW+Multi', Run('maxsquare/gta2cs_iw_multi_literal.py', STRONG, start=SOURCE))
CONTINUED = Row('Source only', Run('source_only/gta_continued.py', start=SOURCE))
ROWS = [Row('Source model', SOURCE), CONTINUED, BN, BEST]
FURTHER = [
    Row('MinEnt', Run('minent/gta2cs_literal.py', STRONG, start=SOURCE)),
    Row('MaxSquare', Run('maxsquare/gta2cs_literal.py', STRONG, start=SOURCE)),
    Row('MaxSquare+IW', Run('maxsquare/gta2cs_iw_literal.py', STRONG, start=SOURCE)),
]
TABLE = Table(
    name='demo',
    title=f'Generated street world, {len(DRAWN_CLASSES)} drawn classes of the target',
    rows=ROWS,
    means={METRIC: 'mIoU'},
    classes=list(DRAWN_CLASSES),
    references=[CONTINUED.name, BN.name],
)


def run_demo(out: Path = Path('work_dirs/demo'), seed: int = 0, full: bool = False) -> None:
    """Draw the world, train the configs on it, adapt, and show what came out.

    Args:
        out: Folder of world, runs and results.
        seed: Of the world and of the runs.
        full: Also the rows of FURTHER.
    """
    started = time.time()
    out = out.resolve()
    world, folder = out / f'world{seed}', out / f'seed{seed}'
    os.environ['MMSEG_MAXSQUARE_DATA'] = str(world)
    try:
        write_world(world, seed)
    except FileExistsError as error:
        fail(str(error))
    table = replace(TABLE, rows=[*ROWS, *FURTHER] if full else ROWS)
    # The source model has both cores; then two runs share them, the longest first.
    train(Plan([SOURCE], [seed], out, shrink))
    train(Plan(table.runs[::-1], [seed], out, shrink, workers=2))
    source, checkpoint = prepare(SOURCE, seed, out, shrink), source_weights(seed, out)
    images = world / 'cityscapes/leftImg8bit/train'
    adapted = adapt_both(source_config(seed, out), checkpoint, images, folder)
    results, notes = collect(table, find_runs([folder]))
    for mode, where in adapted.items():
        results[mode] = {seed: score(source, where / 'adapted.pth', where.with_suffix('.score'))}
        notes += f'\n{mode}: verdict without labels: {verdict_of(where)}.'
    table = replace(table, rows=[*table.rows, *(Row(mode, SOURCE) for mode in adapted)])
    text = write_results(table, results, notes, folder / 'demo')
    draw(out, seed, folder / 'demo/sheet.png')
    kept = score(source, checkpoint, folder / 'held_out', held_out_source(source, world))[METRIC]
    print(f'\n{text}\nThe source model on held-out source scenes: {kept:.1f}')
    print(f'The pictures: {folder / "demo"}; {time.time() - started:.0f} s in all')
    show(adapted[SOURCE_FREE] / 'report.html')


def train(plan: Plan) -> None:
    """Run a plan; a failure ends the program."""
    failures = run_all(plan)
    if failures:
        fail('\n'.join(['these runs failed:', *failures.values()]))


def shrink(cfg: Config) -> None:
    """Apply configs/demo/overlay.py to a real config, and score the drawn classes."""
    apply_overlay(cfg, shipped_configs() / 'demo/overlay.py')
    cfg.val_evaluator.subsets = {METRIC: list(DRAWN_CLASSES)}
    cfg.test_evaluator = cfg.val_evaluator


def source_weights(seed: int, out: Path) -> Path:
    """Checkpoint of the source model."""
    return last_checkpoint(work_dir_of(SOURCE, seed, out))


def source_config(seed: int, out: Path) -> Path:
    """Config of the source model, as it was trained."""
    return work_dir_of(SOURCE, seed, out).with_suffix('.py')


def score(
    config: Config, checkpoint: Path, work_dir: Path, dataset: dict | None = None
) -> dict[str, float]:
    """Metrics of a checkpoint on the test data of a config, or on another data set."""
    cfg = plain_model(config)
    cfg.merge_from_dict(dict(work_dir=str(work_dir), load_from=str(checkpoint), log_level='ERROR'))
    if dataset is not None:
        cfg.test_dataloader.dataset = dataset
    for unused in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler'):
        cfg.pop(unused)
    return QuietRunner.from_cfg(cfg).test()


def held_out_source(config: Config, world: Path) -> dict:
    """Source scenes that the source model has not seen."""
    pipeline = config.test_dataloader.dataset.pipeline
    return dict(type='GTA5Dataset', data_root=str(world / 'gta5_val'), pipeline=pipeline)


def draw(out: Path, seed: int, path: Path) -> None:
    """Predictions of the source model and of MaxSquare+IW+Multi."""
    checkpoints = {
        row.name: last_checkpoint(work_dir_of(row.run, seed, out)) for row in (ROWS[0], BEST)
    }
    config = prepare(BEST.run, seed, out, shrink)
    draw_comparison(compare(config, checkpoints, differing=3, random=2), path)


def show(report: Path) -> None:
    """Name the report, and open it where someone is looking."""
    print(f'The report of adapt: {report}')
    screen = {'DISPLAY', 'WAYLAND_DISPLAY'} & set(os.environ) or sys.platform in ('darwin', 'win32')
    if sys.stdout.isatty() and screen:  # without a screen, a browser would take the terminal
        webbrowser.open(report.as_uri())
