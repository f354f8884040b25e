"""Runs all rows of tables and writes the results: Markdown, CSV and pictures.

The source model is trained once, then each adaptation; finished runs are kept.
"""

import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mmengine.config import Config

from mmseg_maxsquare.runs.config import parse_options, use_data_folder
from mmseg_maxsquare.runs.errors import fail
from mmseg_maxsquare.runs.machine import require_folder

from .choice import chosen_rows, rows_text
from .collect import write_table
from .needed_files import absent_files, files_text
from .overlay import apply_overlay
from .panels import compare
from .pictures import draw_comparison
from .queue import run_all
from .rows import Row, Table, runs_of
from .run_logs import finished_metrics
from .run_options import change_run
from .runner import last_checkpoint, prepare, work_dir_of
from .schedule import Plan
from .tables import load_table

Adjust = Callable[[Config], None]


def run_table(
    name: str,
    seeds: Sequence[int] = (0,),
    out: Path = Path('work_dirs/tables'),
    data: Path | None = None,
    dry_run: bool = False,
    step_seconds: float | None = None,
    overlay: Path | None = None,
    options: Sequence[str] = (),
    workers: int = 1,
    rows: Sequence[str] = (),
) -> None:
    """Run or resume a table.

    Args:
        name: Number of a table of the paper (1 to 6), name of another one in
            ``configs/tables``, or a file of the same form.
        seeds: Seeds of every run.
        out: Folder of all runs.
        data: Folder of the data sets. Defaults to ``MMSEG_MAXSQUARE_DATA``.
        dry_run: Print the plan only.
        step_seconds: Time of a source step, for the plan. Defaults to the time measured
            in ``out``.
        overlay: File that scales every run down, such as ``configs/demo/overlay.py``.
        options: Overrides of fields of every config, ``field=value``.
        workers: Runs at a time. Defaults to 1.
        rows: Patterns of the rows to run; see :func:`~.choice.chosen_rows`. Defaults to all.
    """
    try:
        table = load_table(name)
        chosen = chosen_rows(table, rows)
    except ValueError as error:
        fail(str(error))
    use_data_folder(data)
    if overlay is not None and not overlay.is_file():
        fail(f'--overlay: no file {overlay}')
    adjust = adjustment(overlay, parse_options(options))
    run_tables([table], seeds, out, adjust, dry_run, step_seconds, workers, chosen)


def run_tables(
    tables: Sequence[Table],
    seeds: Sequence[int],
    out: Path,
    adjust: Adjust,
    dry_run: bool = False,
    step_seconds: float | None = None,
    workers: int = 1,
    rows: Sequence[Row] | None = None,
    threads: int | None = None,
) -> None:
    """Run some tables; shared runs run only once. See :func:`run_table`.

    Args:
        tables: The tables.
        seeds: Seeds of every run.
        out: Folder of all runs; each table is written to a folder with its name.
        adjust: Changes every config.
        dry_run: Print the plan only.
        step_seconds: See :func:`run_table`.
        workers: Runs at a time. Defaults to 1.
        rows: The rows to run; the tables are written with all finished ones. Defaults to all.
        threads: See :class:`~.schedule.Plan`.
    """
    out, seeds = out.resolve(), list(dict.fromkeys(seeds))
    require_folder(out, '--out')
    rows = [row for table in tables for row in table.rows] if rows is None else rows
    runs = runs_of(rows)
    absent = absent_files(runs, seeds, out, adjust)
    planned = runs if dry_run else [run for run in runs if run not in absent]
    plan = Plan(planned, seeds, out, adjust, step_seconds, workers, threads)
    if dry_run:
        print(f'{rows_text(rows)}\n{files_text(runs, adjust)}')
    not_run = {row.name: list(map(str, absent[row.run])) for row in rows if row.run in absent}
    for name, files in not_run.items():
        print(f'{name}: not run: {", ".join(files)}')
    print(plan.text())
    if dry_run:
        return
    # An exception also ends the training process that is running.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    started = time.time()
    failures = run_all(plan)
    for table in tables:
        folder = out / table.name
        print('\n' + write_table(table, [out], folder, absent=not_run))
        if _has_pictures(table, seeds[0], out):
            write_pictures(table, seeds[0], out, folder, adjust)
        print(f'{folder}: table and pictures ({time.time() - started:.0f} s)')
    problems = ['these runs failed:', *failures.values()] if failures else []
    if not_run:
        problems.append(f'not run, since files are not there: {", ".join(not_run)}')
    if problems:
        fail('\n'.join(problems))


def adjustment(overlay: Path | None, options: dict) -> Adjust:
    """Apply ``--overlay`` and ``--cfg-options`` to every config."""

    def adjust(cfg: Config) -> None:
        if overlay is not None:
            apply_overlay(cfg, overlay)
        change_run(cfg, options)
        cfg.changed = dict(overlay=overlay and str(overlay), options=options)

    return adjust


def _has_pictures(table: Table, seed: int, out: Path) -> bool:
    """Whether the rows of the pictures are finished; a single one has nothing to differ from."""
    shown = [row.run for row in table.rows if row.name in table.pictures]
    return len(shown) > 1 and all(finished_metrics(work_dir_of(run, seed, out)) for run in shown)


def write_pictures(table: Table, seed: int, out: Path, folder: Path, adjust: Adjust) -> None:
    """Predictions of the table's picture rows, with and without the images of the data set."""
    shown = [row for row in table.rows if row.name in table.pictures]
    checkpoints = {row.name: last_checkpoint(work_dir_of(row.run, seed, out)) for row in shown}
    config = prepare(shown[-1].run, seed, out, adjust)
    comparison = compare(config, checkpoints, differing=3, random=2)
    draw_comparison(comparison, folder / 'sheet.png')
    # The images of some data sets must not be published.
    draw_comparison(comparison, folder / 'predictions.png', show_data=False)
