"""Runs a study: several tables on the same seeds, the runs that they share once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmseg_maxsquare.runs.config import parse_options, read_config, use_data_folder
from mmseg_maxsquare.runs.errors import fail

from .table import adjustment, run_tables
from .tables import Table, check_fields, load_table, spec_file

FIELDS = {'title', 'tables', 'seeds'}


@dataclass(frozen=True)
class Study:
    """What a study runs.

    Attributes:
        name: Stem of its file.
        title: Its heading.
        tables: The tables that it fills.
        seeds: Every run runs once with each.
    """

    name: str
    title: str
    tables: list[Table]
    seeds: list[int]


def load_study(name: str) -> Study:
    """A study by its name in ``configs/studies``, or from a file of the same kind.

    Raises:
        ValueError: If there is no such study, or its file has unknown or missing fields.
    """
    path = spec_file('study', [name])
    spec = read_config(path).to_dict()
    check_fields(str(path), spec, FIELDS, required=FIELDS)
    tables = [load_table(table) for table in spec['tables']]
    return Study(path.stem, spec['title'], tables, spec['seeds'])


def run_study(
    name: str,
    seeds: Sequence[int] = (),
    out: Path | None = None,
    data: Path | None = None,
    dry_run: bool = False,
    step_seconds: float | None = None,
    options: Sequence[str] = (),
) -> None:
    """Run a study, or go on with it; the hours left are shown before each run.

    Args:
        name: See :func:`load_study`.
        seeds: Instead of the study's own.
        out: Folder of all runs. Defaults to ``work_dirs/studies/NAME``.
        data: Folder of the data sets. Defaults to ``MMSEG_MAXSQUARE_DATA``.
        dry_run: Print the plan only.
        step_seconds: Time of a source step, for the plan. Defaults to what is measured
            in ``out``.
        options: Fields of every config that are set otherwise, ``field=value``.
    """
    try:
        study = load_study(name)
    except ValueError as error:
        fail(str(error))
    use_data_folder(data)
    print(study.title)
    out = out or Path('work_dirs/studies', study.name)
    adjust = adjustment(None, parse_options(options))
    run_tables(study.tables, seeds or study.seeds, out, adjust, dry_run, step_seconds)
