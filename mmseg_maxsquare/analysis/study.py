"""Runs a study: several tables on the same seeds; shared runs run only once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmseg_maxsquare.runs.config import parse_options, use_data_folder
from mmseg_maxsquare.runs.errors import fail

from .evidence_report import write_evidence
from .guard_report import write_guard_report
from .rows import Table
from .specs import NAMES, SEEDS, TEXT, check_fields, read_spec, spec_file
from .table import adjustment, run_tables
from .tables import load_table

THREADS = 1  # of every run: other numbers of threads give other last digits
FIELDS = dict(title=TEXT, tables=NAMES, seeds=SEEDS, report=TEXT, folder=TEXT)
REPORTS = dict(guard=write_guard_report, evidence=write_evidence)


@dataclass(frozen=True)
class Study:
    """A study.

    Attributes:
        name: Stem of its file.
        title: Its heading.
        tables: Its tables.
        seeds: Seeds of every run.
        report: A key of REPORTS: what is written after the tables; None for nothing.
        folder: Folder of its runs below ``work_dirs/studies``, which studies may share.
            Defaults to its name.
    """

    name: str
    title: str
    tables: list[Table]
    seeds: list[int]
    report: str | None = None
    folder: str = ''


def load_study(name: str) -> Study:
    """Load a study by its name in ``configs/studies``, or from a file of the same form.

    Raises:
        ValueError: If there is no such study, or its file has unknown or missing fields.
    """
    path = spec_file('study', [name])
    spec = read_spec(path)
    check_fields(str(path), spec, FIELDS, required={'title', 'tables', 'seeds'})
    if spec.get('report') not in (None, *REPORTS):
        raise ValueError(f'{path}: report must be one of {list(REPORTS)}')
    tables = [load_table(table) for table in spec['tables']]
    folder = spec.get('folder', path.stem)
    return Study(path.stem, spec['title'], tables, spec['seeds'], spec.get('report'), folder)


def run_study(
    name: str,
    seeds: Sequence[int] = (),
    out: Path | None = None,
    data: Path | None = None,
    dry_run: bool = False,
    step_seconds: float | None = None,
    options: Sequence[str] = (),
    workers: int = 2,
) -> None:
    """Run or resume a study; the remaining time is shown before each run.

    Args:
        name: See :func:`load_study`.
        seeds: Replace the seeds of the study.
        out: Folder of all runs. Defaults to ``work_dirs/studies/NAME``, or the study's own.
        data: Folder of the data sets. Defaults to ``MMSEG_MAXSQUARE_DATA``.
        dry_run: Print the plan only.
        step_seconds: Time of a source step, for the plan. Defaults to the time measured
            in ``out``.
        options: Overrides of fields of every config, ``field=value``.
        workers: Runs at a time. Defaults to 2.
    """
    try:
        study = load_study(name)
    except ValueError as error:
        fail(str(error))
    use_data_folder(data)
    print(study.title)
    out = out or Path('work_dirs/studies', study.folder)
    adjust = adjustment(None, parse_options(options))
    run_tables(
        study.tables, seeds or study.seeds, out, adjust, dry_run, step_seconds, workers,
        threads=THREADS,
    )  # fmt: skip
    if study.report and not dry_run:
        print(REPORTS[study.report](study.tables, seeds or study.seeds, out))
