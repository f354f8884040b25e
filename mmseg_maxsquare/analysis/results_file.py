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

from .intervals import Interval, block_sums, over_images, over_seeds
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
SQUARES = 'MaxSquare'
CONFIRMATORY = ('MaxSquare+IW+Multi', 'BN control')  # named before the runs
WEAKER = dict(MaxSquare='MinEnt', IW='MaxSquare')  # the paper's order of the losses
ADDED_TO = {'MaxSquare+IW+Multi': 'MaxSquare+IW'}
DIGITS = 4  # that are kept of every number
Results = dict[str, Any]


def collect_results(table: Table, seeds: Sequence[int], out: Path) -> Results:
    """Cells of a table's finished runs, and their comparisons.

    Args:
        table: The table.
        seeds: Seeds to look for.
        out: Folder of all runs.

    Returns:
        ``cells``: for each run table, row, column, seed, ``metrics`` of the last checkpoint,
        ``guard`` (the look that it picks without labels, and its score), ``curve`` (score by
        step), ``strength``, ``seconds`` (of its training steps, None for a test), ``made_by``
        and ``areas`` (intersections and unions of every block of evaluation images and class;
        None if the run did not keep them). ``comparisons``: see :func:`comparisons_of`.
    """
    found = (_cell(table, row, seed, out) for row in table.rows for seed in seeds)
    cells = [cell for cell in found if cell is not None]
    return dict(cells=cells, comparisons=list(comparisons_of(table, cells)))


def comparisons_of(table: Table, cells: Sequence[dict]) -> Iterator[dict]:
    """Differences of the rows of :func:`pairs_of` in the score, with their intervals.

    Args:
        table: The table.
        cells: Of a results file; those of other tables do not matter.

    Yields:
        Entries with ``over_seeds`` (of ``seeds``, which both rows have) and ``over_images``
        (of ``image_seeds``, whose cells have areas; None if there are none): mean and ends.
    """
    for name, versus, column in pairs_of(table):
        of_table = dict(cells=cells)
        sides = [cells_of(of_table, table.name, row, column) for row in (name, versus)]
        seeds = sorted(set(sides[0]) & set(sides[1]))
        if not seeds:
            continue
        scores = ([side[seed]['metrics'][table.score] for seed in seeds] for side in sides)
        gains = [ours - others for ours, others in zip(*scores, strict=True)]
        kept = [seed for seed in seeds if all(side[seed].get('areas') for side in sides)]
        ours, others = ([np.array(side[seed]['areas']) for seed in kept] for side in sides)
        yield dict(
            table=table.name,
            row=name,
            column=column,
            versus=versus,
            seeds=seeds,
            over_seeds=_numbers(over_seeds(gains)),
            image_seeds=kept,
            over_images=_numbers(over_images(ours, others)) if kept else None,
        )


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


def source_scores(results: Results, table: str) -> dict[int, float]:
    """Score of the source model from which the runs of a table start, by seed."""
    cells = [c for c in results['cells'] if c['table'] == table and '0' in c['curve']]
    return {cell['seed']: cell['curve']['0'] for cell in cells}


def interval_of(entry: Sequence[float | None] | None) -> Interval | None:
    """An interval of a results file."""
    if entry is None:
        return None
    return Interval(*(math.nan if value is None else value for value in entry))


def comparison(
    results: Results, table: str, row: str, versus: str, column: str = ''
) -> dict | None:
    """The comparison of two rows; None where there is none."""
    place = (table, row, versus, column)
    for entry in results['comparisons']:
        if (entry['table'], entry['row'], entry['versus'], entry['column']) == place:
            return entry
    return None


def intervals(
    results: Results, table: str, row: str, versus: str, column: str = ''
) -> tuple[Interval | None, Interval | None]:
    """The difference of two rows over seeds and over images; None where there is none."""
    entry = comparison(results, table, row, versus, column) or {}
    return interval_of(entry.get('over_seeds')), interval_of(entry.get('over_images'))


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
        areas=_areas(folder / AREAS),
    )


def _areas(file: Path) -> list | None:
    """Sums of intersections and unions, ``(2, blocks, classes)``."""
    if not file.is_file():
        return None
    with np.load(file) as found:
        return block_sums(np.stack([found['intersection'], found['union']])).tolist()


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

    Each row with the controls and with MaxSquare, and Multi with IW alone; at equal strength, the
    losses with each other.
    """
    places = list(dict.fromkeys((row.name, row.column) for row in table.rows))
    pairs = [
        (name, other, column)
        for name, column in places
        for other in (*CONTROLS, SQUARES)
        if name != other and (other, column) in places
        if not (name in CONTROLS and other == SQUARES)
        and (name, other) != CONTROLS[::-1]  # once is enough
    ]
    for name, column in places:
        loss, _, strength = name.partition(', ')
        others = (f'{WEAKER.get(loss)}, {strength}', ADDED_TO.get(name, ''))
        pairs += [(name, other, column) for other in others if (other, column) in places]
    return pairs


def _numbers(interval: Interval) -> list[float | None]:
    values = (interval.mean, interval.low, interval.high)
    return [None if math.isnan(value) else round(value, DIGITS) for value in values]
