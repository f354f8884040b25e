"""The results of a study in one file: every cell, where it comes from, and every comparison."""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmseg_maxsquare.engine.atomic_files import AtomicBackend
from mmseg_maxsquare.engine.image_areas_hook import FILE as AREAS
from mmseg_maxsquare.engine.looks import read_csv
from mmseg_maxsquare.engine.matched_strength_hook import FILE as STRENGTH
from mmseg_maxsquare.evaluation.guard import choose

from .intervals import Interval, over_images, over_seeds
from .rows import Row, Table
from .run_logs import (
    SCORES,
    finished_metrics,
    logged_config,
    records,
    seconds_per_step,
    steps_done,
)
from .runner import work_dir_of

SHIPPED = Path(__file__).parent / 'evidence.json'  # of the study that the docs show
MADE_BY = ('commit', 'machine', 'threads', 'torch')
CONTROLS = ('Source only', 'BN control')
WEAKER = dict(MaxSquare='MinEnt', IW='MaxSquare')  # the paper's order of the losses
DIGITS = 4  # that are kept of every number
Results = dict[str, Any]


def collect_results(tables: Sequence[Table], seeds: Sequence[int], out: Path) -> Results:
    """Cells of all finished runs, and comparisons of their tables' rows.

    Args:
        tables: The tables.
        seeds: Seeds to look for.
        out: Folder of all runs.

    Returns:
        ``cells``: for each run table, row, column, seed, ``metrics`` of the last checkpoint,
        ``guard`` (the look that it picks without labels, and its score), ``curve`` (score by
        step), ``strength``, ``seconds`` (of its training steps, None for a test) and
        ``made_by``. ``comparisons``: of :func:`pairs_of`, the
        mean difference of the score with its intervals.
    """
    cells, comparisons = [], []
    for table in tables:
        found = [
            cell
            for row in table.rows
            for seed in seeds
            if (cell := _cell(table, row, seed, out)) is not None
        ]
        cells += found
        comparisons += list(_comparisons(table, found, out))
    return dict(cells=cells, comparisons=comparisons)


def write_results(results: Results, path: Path) -> None:
    """Write a results file, one line for each entry."""
    parts = []
    for key, entries in results.items():
        lines = ',\n'.join(f'  {json.dumps(entry, ensure_ascii=False)}' for entry in entries)
        parts.append(f'"{key}": [\n{lines}\n]')
    AtomicBackend().put_text('{\n' + ',\n'.join(parts) + '\n}\n', path)


def read_results(path: Path = SHIPPED) -> Results:
    """Read a results file."""
    return json.loads(path.read_text(encoding='utf-8'))


def cells_of(results: Results, table: str, row: str, column: str = '') -> dict[int, dict]:
    """Cells of a row by seed."""
    return {
        cell['seed']: cell
        for cell in results['cells']
        if (cell['table'], cell['row'], cell['column']) == (table, row, column)
    }


def interval_of(entry: Sequence[float | None] | None) -> Interval | None:
    """An interval of a results file."""
    if entry is None:
        return None
    return Interval(*(math.nan if value is None else value for value in entry))


def intervals(
    results: Results, table: str, row: str, versus: str, column: str = ''
) -> tuple[Interval | None, Interval | None]:
    """The difference of two rows over seeds and over images; None where there is none."""
    for entry in results['comparisons']:
        names = (entry['table'], entry['row'], entry['versus'], entry['column'])
        if names == (table, row, versus, column):
            return interval_of(entry['over_seeds']), interval_of(entry['over_images'])
    return None, None


def _cell(table: Table, row: Row, seed: int, out: Path) -> dict | None:
    folder = work_dir_of(row.run, seed, out)
    metrics = finished_metrics(folder)
    cfg = logged_config(folder)
    if metrics is None or cfg is None:
        return None
    kept = {k: round(v, DIGITS) for k, v in metrics.items() if k in SCORES or k.startswith('IoU.')}
    looks = read_csv(folder / 'guard.csv') if (folder / 'guard.csv').is_file() else []
    strength = folder / STRENGTH
    return dict(
        table=table.name,
        row=row.name,
        column=row.column,
        seed=seed,
        metrics=kept,
        guard=_guarded(looks),
        curve=_curve(folder, looks, table.score),
        strength=json.loads(strength.read_text()) if strength.is_file() else None,
        seconds=_seconds(folder),
        made_by={key: cfg.get('run', {}).get(key) for key in MADE_BY},
    )


def _seconds(folder: Path) -> int | None:
    seconds = steps_done(folder) * seconds_per_step(folder)
    return None if math.isnan(seconds) else round(seconds)


def _guarded(looks: Sequence[dict]) -> dict | None:
    """What the guard picks, and its true score, which it does not know."""
    if not looks:
        return None
    picked = looks[choose(looks).index]
    return dict(name=picked['name'], score=round(float(picked['oracle_mIoU']), DIGITS))


def _curve(folder: Path, looks: Sequence[dict], score: str) -> dict[str, float]:
    """Score by step, from the looks or else the validations."""
    if looks:
        seen = [look for look in looks if look['name'] != 'statistics']
        points = {int(look['step']): float(look['oracle_mIoU']) for look in seen}
    else:
        points = {int(r['step']): float(r[score]) for r in records(folder) if score in r}
    return {str(step): round(value, DIGITS) for step, value in sorted(points.items())}


def pairs_of(table: Table) -> list[tuple[str, str, str]]:
    """Comparisons of a table: row, row to compare with, column.

    Each row with the controls; at equal strength, the losses with each other.
    """
    places = list(dict.fromkeys((row.name, row.column) for row in table.rows))
    pairs = [
        (name, control, column)
        for name, column in places
        for control in CONTROLS
        if name != control and (control, column) in places
    ]
    for name, column in places:
        loss, _, strength = name.partition(', ')
        other = (f'{WEAKER.get(loss)}, {strength}', column)
        pairs += [(name, *other)] if other in places else []
    return pairs


def _comparisons(table: Table, cells: Sequence[dict], out: Path) -> Iterator[dict]:
    by_place: dict[tuple, dict[int, float]] = {}
    for cell in cells:
        score = cell['metrics'][table.score]
        by_place.setdefault((cell['row'], cell['column']), {})[cell['seed']] = score
    rows = {(row.name, row.column): row for row in table.rows}
    for name, versus, column in pairs_of(table):
        ours, others = by_place.get((name, column), {}), by_place.get((versus, column), {})
        seeds = sorted(set(ours) & set(others))
        if not seeds:
            continue
        images = _image_interval(rows[name, column], rows[versus, column], seeds, out)
        yield dict(
            table=table.name,
            row=name,
            column=column,
            versus=versus,
            seeds=seeds,
            over_seeds=_numbers(over_seeds([ours[seed] - others[seed] for seed in seeds])),
            over_images=images and _numbers(images),
        )


def _image_interval(row: Row, other: Row, seeds: Sequence[int], out: Path) -> Interval | None:
    """The bootstrap over images; None if a run did not keep how each image was scored."""
    sides = []
    for run in (row.run, other.run):
        files = [work_dir_of(run, seed, out) / AREAS for seed in seeds]
        if not all(file.is_file() for file in files):
            return None
        loaded = []
        for file in files:
            with np.load(file) as found:
                loaded.append(np.stack([found['intersection'], found['union']]))
        sides.append(loaded)
    ours, others = sides
    return over_images(ours, others)


def _numbers(interval: Interval) -> list[float | None]:
    values = (interval.mean, interval.low, interval.high)
    return [None if math.isnan(value) else round(value, DIGITS) for value in values]
