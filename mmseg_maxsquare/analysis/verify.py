"""Runs a cell of the published results again and compares the numbers."""

import math
from pathlib import Path

from mmengine.config import Config

from mmseg_maxsquare.runs.config import use_data_folder
from mmseg_maxsquare.runs.errors import fail
from mmseg_maxsquare.runs.machine import require_folder

from .intervals import of_another_run
from .needed_files import absent_files
from .provenance import provenance
from .results_file import DIGITS, Results, cells_of, read_results
from .rows import Row, Table, with_needs
from .run_logs import finished_metrics
from .runner import execute, work_dir_of
from .study import load_study

OUT = Path('work_dirs/verify')


def verify_cell(study: str, cell: str, out: Path | None = None, data: Path | None = None) -> None:
    """Train the runs behind a cell and compare its metrics; exits with 1 if they are others.

    On the machine type and with the threads of the results file all metrics must agree to the
    last digit, elsewhere the score must lie in the interval of :func:`~.intervals.of_another_run`.

    Args:
        study: Name of the study.
        cell: ``TABLE/ROW/SEED``, or ``TABLE/ROW/COLUMN/SEED``.
        out: Folder of the runs. Defaults to ``work_dirs/verify``.
        data: Folder of the data sets. Defaults to ``MMSEG_MAXSQUARE_DATA``.
    """
    try:
        tables = {table.name: table for table in load_study(study).tables}
    except ValueError as error:
        fail(str(error))
    results = read_results()
    table, row, expected = find_cell(tables, results, cell)
    use_data_folder(data)
    threads, seed, out = expected['made_by']['threads'], expected['seed'], (out or OUT).resolve()
    folder = work_dir_of(row.run, seed, out)
    if finished_metrics(folder) is not None:
        fail(f'{folder} holds this run, finished: nothing would run again; give another --out')
    require_folder(out, '--out')
    if absent := absent_files([row.run], [seed], out, _unchanged).get(row.run):
        fail(
            f'{cell} needs files that are not there: {", ".join(map(str, absent))}; --data names '
            'the folder of the data sets'
        )
    found: dict[str, float] = {}
    for run in with_needs(row.run):
        print(f'seed {seed}: {run.slug}', flush=True)
        try:
            found = execute(run, seed, out, _unchanged, threads)
        except RuntimeError as error:
            fail(str(error))
    metrics = {name: round(found.get(name, math.nan), DIGITS) for name in expected['metrics']}
    here, there = metrics[table.score], expected['metrics'][table.score]
    made_by, own = expected['made_by'], provenance(threads)
    print(f'{cell}: {table.score} {here} here, {there} in the results file ({_text(made_by)})')
    if all(own[key] == made_by[key] for key in ('machine', 'threads', 'torch')):
        for name, value in expected['metrics'].items():
            if metrics[name] != value:
                why = f'{metrics[name]} is not {value}, on the same machine type'
                fail(f'{cell}: {name}: {why} ({_text(own)})')
        print(f'the same in all {len(metrics)} metrics, to the last digit')
        return
    row_cells = cells_of(results, table.name, row.name, row.column).values()
    if len(row_cells) < 2:
        print(f'on another machine ({_text(own)}): the row has one seed, so no interval to lie in')
        return
    interval = of_another_run([one['metrics'][table.score] for one in row_cells])
    about = f'{interval.low:.2f} to {interval.high:.2f}, where 95 % of the runs of this row lie'
    if not interval.low <= here <= interval.high:
        fail(f'{cell}: {here} is outside {about}; this machine: {_text(own)}')
    print(f'on another machine ({_text(own)}): within {about}')


def find_cell(tables: dict[str, Table], results: Results, cell: str) -> tuple[Table, Row, dict]:
    """Table, row and published entry of a cell; exits with one line if there is none."""
    known = {_key(entry): entry for entry in results['cells'] if entry['table'] in tables}
    if cell not in known:
        example = f', such as {next(iter(known))}' if known else ''
        fail(f'--verify: no published cell {cell}; this study has {len(known)}{example}')
    entry = known[cell]
    table = tables[entry['table']]
    place = (entry['row'], entry['column'])
    return table, next(row for row in table.rows if (row.name, row.column) == place), entry


def _key(entry: dict) -> str:
    parts = (entry['table'], entry['row'], entry['column'], str(entry['seed']))
    return '/'.join(part for part in parts if part)


def _unchanged(cfg: Config) -> None:
    """No change of the configs."""


def _text(made_by: dict) -> str:
    return ', '.join(f'{key} {value}' for key, value in made_by.items())
