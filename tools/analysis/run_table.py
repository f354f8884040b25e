"""Run, or go on with, all rows of a table: python tools/analysis/run_table.py 2

TABLE is the number of a table of the paper (1 to 6), the name of another one in
configs/tables, or a file of the same kind. The source model is trained once, then each
adaptation; what is finished is kept. Writes the table (Markdown, CSV) and pictures.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mmengine.config import Config, DictAction

from overlay import apply_overlay
from panels import compare
from paper_table import write_table
from pictures import draw_comparison
from runs import SCORES, execute, last_checkpoint, merge_options, prepare, work_dir_of
from schedule import Plan
from tables import Run, Table, load_table

Done = dict[tuple[Run, int], dict[str, float]]
Failures = dict[tuple[Run, int], str]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('table', help='1, 2, ..., 6, camvid_day2dusk, digits, or a file')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument(
        '--out', type=Path, default=Path('work_dirs/tables'), help='folder of all runs'
    )
    parser.add_argument('--data', type=Path, help='folder of the data sets (MMSEG_MAXSQUARE_DATA)')
    parser.add_argument('--dry-run', action='store_true', help='print the plan, run nothing')
    parser.add_argument(
        '--step-seconds',
        type=float,
        help='seconds of a source step, for the plan; by default as measured in --out, else 0.5',
    )
    parser.add_argument(
        '--overlay', type=Path, help='scale every run down, as configs/demo/overlay.py does'
    )
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='override config fields of every run'
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        table = load_table(args.table)
    except ValueError as error:
        sys.exit(f'error: {error}')
    if args.data is not None:
        if not args.data.is_dir():
            sys.exit(f'error: --data: no folder {args.data}')
        os.environ['MMSEG_MAXSQUARE_DATA'] = str(args.data.resolve())
    if args.overlay is not None and not args.overlay.is_file():
        sys.exit(f'error: --overlay: no file {args.overlay}')
    out = args.out.resolve()
    adjust = adjustment(args.overlay, args.cfg_options)
    seeds = list(dict.fromkeys(args.seeds))
    plan = Plan(table.runs, seeds, out, adjust, args.step_seconds)
    print(plan.text())
    if args.dry_run:
        return
    # Ending by exception ends the training that is running, too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    started = time.time()
    failures = run_all(table.runs, seeds, out, adjust)
    folder = out / table.name
    print('\n' + write_table(table, [out], folder))
    if len(table.pictures) > 1 and not failures:  # one alone has nothing to differ from
        write_pictures(table, seeds[0], out, folder, adjust)
    print(f'{folder}: table and pictures ({time.time() - started:.0f} s)')
    if failures:
        sys.exit('\n'.join(['error: these runs failed:', *failures.values()]))


def adjustment(overlay: Path | None, options: dict | None) -> Callable[[Config], None]:
    """What --overlay and --cfg-options do to every config."""

    def adjust(cfg: Config) -> None:
        if overlay is not None:
            apply_overlay(cfg, overlay)
        merge_options(cfg, options or {})
        cfg.changed = dict(overlay=overlay and str(overlay), options=options or {})

    return adjust


def run_all(
    runs: list[Run], seeds: list[int], out: Path, adjust: Callable[[Config], None]
) -> Failures:
    """Run everything; what fails, or starts from what failed, is left out.

    Returns:
        What went wrong, by run and seed.
    """
    failures: Failures = {}
    total = len(runs) * len(seeds)
    for number, (seed, run) in enumerate(((s, r) for s in seeds for r in runs), start=1):
        print(f'[{number}/{total}] seed {seed}: {run.slug}', flush=True)
        started = time.time()
        if (run.start, seed) in failures:
            failures[run, seed] = f'seed {seed}: {run.slug}: it starts from {run.start.slug}'
            print('    left out: the run that it starts from failed', flush=True)
            continue
        try:
            metrics = execute(run, seed, out, adjust)
        except RuntimeError as error:
            failures[run, seed] = f'seed {seed}: {run.slug}: {error}'
            print(f'    failed: {error}', flush=True)
            continue
        score = next(name for name in SCORES if name in metrics)
        print(f'    {score} {metrics[score]:.2f} ({time.time() - started:.0f} s)', flush=True)
    return failures


def write_pictures(
    table: Table, seed: int, out: Path, folder: Path, adjust: Callable[[Config], None]
) -> None:
    """Predictions of the table's picture rows, with and without the data's own pictures."""
    shown = [row for row in table.rows if row.name in table.pictures]
    checkpoints = {row.name: last_checkpoint(work_dir_of(row.run, seed, out)) for row in shown}
    config = prepare(shown[-1].run, seed, out, adjust)
    comparison = compare(config, checkpoints, differing=3, random=2)
    draw_comparison(comparison, folder / 'sheet.png')
    # Some data sets' pictures may not be passed on.
    draw_comparison(comparison, folder / 'predictions.png', show_data=False)


if __name__ == '__main__':
    main()
