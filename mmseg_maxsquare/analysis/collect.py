"""Collects finished runs into the rows of tables: Markdown, CSV and bar charts.

Finds the runs of the commands train, test and table below the given folders.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

from mmengine.config import Config

from mmseg_maxsquare.runs.errors import fail

from .found_runs import Found, counts, find_runs, fits, identity
from .pictures import bar_chart
from .report import Results, classes_of, csv_table, markdown_table
from .rows import Row, Table
from .run_logs import finished_metrics
from .specs import spec_names
from .tables import AVERAGE, load_table

ORACLE_PREFIX = 'best_oracle'
ORACLE = (
    'ORACLE: not the last checkpoint but the best on the labelled target data, which do '
    'not exist in practice.'
)
ORACLE_LINES = 'oracle: the best checkpoint by target labels, which do not exist in practice.'


def collect_tables(
    work_dirs: Sequence[Path],
    names: Sequence[str] = (),
    out: Path = Path('work_dirs/tables'),
    oracle: bool = False,
) -> None:
    """Print and write the tables of finished runs.

    Args:
        work_dirs: Folders to search for runs of the commands train, test and table.
        names: Tables, such as ``'2'``. Defaults to all that have a finished row.
        out: Folder in which ``TABLE/table.*`` are written.
        oracle: Use the validation that is best on the target labels, not the last.
    """
    missing = [str(path) for path in work_dirs if not path.is_dir()]
    if missing:
        fail(f'no folder {", ".join(missing)}')
    found = find_runs(work_dirs)
    try:
        tables = [load_table(name) for name in names or (spec_names('table') if found else ())]
    except ValueError as error:
        fail(str(error))
    if not names:
        tables = [table for table in tables if any(_has_run(table, run) for run in found)]
    if not tables:
        folders = ', '.join(map(str, work_dirs))
        fail(f'no finished run of any table below {folders}')
    for table in tables:
        try:
            print(write_table(table, work_dirs, out / table.name, oracle))
        except ValueError as error:
            fail(str(error))


def _has_run(table: Table, run: tuple[Path, Config]) -> bool:
    return (
        any(fits(table, row, *run) for row in table.rows) and finished_metrics(run[0]) is not None
    )


def write_table(
    table: Table,
    folders: Sequence[Path],
    out: Path,
    oracle: bool = False,
    absent: dict[str, list[str]] | None = None,
) -> str:
    """Write ``table.md``, ``table.csv`` and ``bars.png`` below ``out``.

    The best checkpoints stand beside the last ones.

    Args:
        table: The table.
        folders: Folders to search for its runs.
        out: Folder for the files; with ``oracle`` they are called ``oracle.*``.
        oracle: Show the best checkpoints only; see :func:`collect`.
        absent: See :func:`~mmseg_maxsquare.analysis.report.markdown_table`.

    Returns:
        The Markdown.
    """
    found = find_runs(folders)
    best, about = collect(table, found, oracle=True)
    if oracle:
        return write_results(table, best, about, out, oracle)
    results, notes = collect(table, found)
    trained = {row.name for row in table.rows if row.run.train}
    best = {name: runs for name, runs in best.items() if name in trained}
    return write_results(table, results, notes, out, best=best, absent=absent)


def write_results(
    table: Table,
    results: Results,
    notes: str,
    out: Path,
    oracle: bool = False,
    best: Results | None = None,
    absent: dict[str, list[str]] | None = None,
) -> str:
    """Write the files of a table; see :func:`write_table`.

    Args:
        table: The table.
        results: Metrics of its rows.
        notes: What a reader must know.
        out: Folder for the files.
        oracle: Whether the checkpoints were chosen by target labels.
        best: Metrics of the best checkpoints, to stand beside those of the last.
        absent: See :func:`~mmseg_maxsquare.analysis.report.markdown_table`.

    Returns:
        The Markdown.
    """
    stem = 'oracle' if oracle else 'table'
    rows = markdown_table(table, results, best, absent)
    if '| oracle |' in rows or '(oracle)' in rows:
        notes += f'\n{ORACLE_LINES}'
    text = f'### {table.title}\n\n{rows}\n{notes}\n'
    out.mkdir(parents=True, exist_ok=True)
    (out / f'{stem}.md').write_text(text, encoding='utf-8')
    pick = 'oracle' if oracle else 'last'
    (out / f'{stem}.csv').write_text(csv_table(table, results, pick), encoding='utf-8')
    classes = classes_of(table, results)
    if results and classes:
        bars = out / ('bars.png' if not oracle else 'oracle_bars.png')
        bar_chart(_panels(table, results), classes, bars)
    return text


def collect(table: Table, found: Found, oracle: bool = False) -> tuple[Results, str]:
    """Metrics of the table's rows, and the notes that a reader needs.

    Args:
        table: The table.
        found: From :func:`find_runs`.
        oracle: Use each run's best validation instead of its last.

    Raises:
        ValueError: If two runs are the same row with the same seed.
    """
    columns = [column for column in table.means if column != AVERAGE]
    results: Results = {}
    folders: dict[tuple[str, str, int], Path] = {}
    notes: dict[str, None] = {}
    for row in table.rows:
        for folder, cfg in found:
            if not fits(table, row, folder, cfg):
                continue
            by = table.score if oracle and row.run.train else None
            metrics = finished_metrics(folder, by)
            if metrics is None:
                continue
            seed = cfg.randomness.seed
            cell = (row.name, row.column, seed)
            if cell in folders:
                raise ValueError(
                    f'two runs are "{" ".join(filter(None, cell[:2]))}" with seed {seed}: '
                    f'{folders[cell]} and {folder}; give one of them'
                )
            folders[cell] = folder
            if row.column:
                metrics = {row.column: metrics[table.score]}
            found_metrics = results.setdefault(row.name, {}).setdefault(seed, {})
            found_metrics |= metrics
            if row.column and set(columns) <= set(found_metrics):
                found_metrics[AVERAGE] = fmean(found_metrics[column] for column in columns)
            notes.update(dict.fromkeys(_notes(table, row, cfg)))
    seeds = sorted({seed for runs in results.values() for seed in runs})
    about = ORACLE if oracle else 'Ours: the last checkpoint.'
    return results, '\n'.join([f'{about} Seeds {seeds}.', *notes])


def _notes(table: Table, row: Row, cfg: Config) -> list[str]:
    """Notes on the conditions of a run."""
    loader = cfg.val_dataloader if row.run.train else cfg.test_dataloader
    steps = list(_steps(loader.dataset.pipeline))
    notes = [
        f'Evaluation protocol: {s["name"]}.' for s in steps if s['type'] == 'EvaluationProtocol'
    ]
    if any(step['type'] == 'TestTimeAug' for step in steps):
        notes.append(f'{row.name}: averaged over augmentations (--tta).')
    if not row.run.train and ORACLE_PREFIX in Path(cfg.load_from or '').name:
        notes.append(f'{row.name}: {ORACLE}')
    changed = cfg.get('changed', {})
    if changed.get('overlay'):
        notes.append(f'Runs scaled down by {changed["overlay"]}: not comparable with the paper.')
    options = dict(changed.get('options') or {})
    options |= {k: v for k, v in identity(Path(), cfg)[1].items() if not counts(table, k)}
    return notes + [f'{row.name}: option {key}={value}.' for key, value in options.items()]


def _steps(pipeline: Sequence) -> Iterator[dict]:
    """Steps of a pipeline, also those inside others."""
    for step in pipeline:
        if isinstance(step, dict):
            yield step
            yield from _steps(step.get('transforms', []))
        elif isinstance(step, list | tuple):
            yield from _steps(step)


def _panels(table: Table, results: Results) -> dict[str, Results]:
    """Results by the title of their bar chart: by city, if the names have one."""
    panels: dict[str, Results] = {}
    for name, runs in results.items():
        title, _, method = name.rpartition(': ')
        panels.setdefault(title or table.title, {})[method] = runs
    return panels
