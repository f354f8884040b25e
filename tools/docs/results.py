"""Publishes results: ``python tools/docs/results.py [FILE ...]``

Each FILE is the ``results.json`` of the study of the evidence, or the ``NAME.json`` of a benchmark
(below ``work_dirs/benchmarks``) or of ``method_figures.py`` (in ``work_dirs/method``). They are
taken over into the published results file, from which the tables and values of all pages are filled
and the figures are drawn.

``<!-- results: KEY -->...<!-- end -->`` holds a table. A KEY is the name of a table of the study,
``core_summary`` (all tasks of the core side by side), ``guard_picks`` (what the guard's picks are
worth), ``times`` (of the study), ``measured NAME`` (all columns of a benchmark, and where they come
from), ``measured NAME: COLUMN; COLUMN``, or ``caption NAME`` (where they come from).

``<!-- value: KEY -->...<!-- end -->`` holds one number. A KEY is ``TABLE/ROW`` (mean of the last
checkpoints over the seeds), ``TABLE/ROW pick`` (of the guard's picks), ``TABLE/ROW - ROW``
(difference and interval over seeds; with ``over images`` behind it, over images),
``TABLE/ROW rank`` (mean rank among the losses of that strength), ``TABLE/ROW difficulty``
(rank correlation of a class's gain with its difficulty), or ``measured NAME/ROW/COLUMN``.
"""

import json
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from mmseg_maxsquare.analysis.class_gains import difficulty_correlation, mean_ranks
from mmseg_maxsquare.analysis.evidence_figures import CORE, draw_figures, label, part_of, places
from mmseg_maxsquare.analysis.evidence_report import LOSS_AT, summary, table_text, times_table
from mmseg_maxsquare.analysis.guard_picks import guard_table
from mmseg_maxsquare.analysis.measurements import (
    Measurement,
    caption,
    measured_table,
    measured_value,
)
from mmseg_maxsquare.analysis.results_file import (
    SHIPPED,
    Results,
    cells_of,
    comparisons_of,
    intervals,
    read_results,
    write_results,
)
from mmseg_maxsquare.analysis.tables import load_table as read_table

load_table = cache(read_table)
ROOT = Path(__file__).parents[2]
PAGES = (ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md')))
BLOCK = re.compile(r'(<!-- results: ([^>]+?) -->\n).*?(<!-- end -->)', re.DOTALL)
VALUE = re.compile(r'(<!-- value:\s+([^>]+?)\s+-->).*?(<!-- end -->)', re.DOTALL)
KEY = re.compile(r'(\w+)/(.+?)(?: - (.+?))?( over images| pick| rank| difficulty|)')
MEASURED = re.compile(r'(measured|caption) (\w+)(?:: (.+))?')
MEASURED_VALUE = re.compile(r'measured (\w+)/(.+)')


def publish(files: Sequence[Path], results: Results) -> None:
    """Take results of the study, or measurements, over into the published ones.

    Cells and measurements replace those of the same place or name; others stay.
    """
    for file in files:
        found = json.loads(file.read_text(encoding='utf-8'))
        if 'cells' in found:
            take_cells(found['cells'], results)
        else:
            others = [m for m in results.get('measurements', []) if m['name'] != found['name']]
            results['measurements'] = sorted([*others, found], key=lambda each: each['name'])


def take_cells(found: Sequence[dict], results: Results) -> None:
    """Take cells over and compare the rows of their tables anew, in the order of the tables.

    In a table all cells of a seed share a source model, so they are of one machine type: those of
    another type replace them only together, if they have all of their rows. An interval over images
    of more seeds stays if none of its cells changed: cells of before ``areas`` were kept lack them.
    """
    groups, changed = _by_seed(results['cells']), set()
    for key, new in _by_seed(found).items():
        old = groups.get(key, {})
        if not old or _machine(old) == _machine(new):
            groups[key] = {**old, **new}
        elif set(new) >= set(old):
            groups[key] = new
        changed |= {
            (*key, row)
            for row, cell in groups[key].items()
            if _metrics(cell) != _metrics(old.get(row))
        }
    earlier = {_pair(entry): entry for entry in results['comparisons']}
    results.update(cells=[], comparisons=[])
    for name in sorted({table for table, _ in groups}):
        table = load_table(name)
        order = {(row.name, row.column): place for place, row in enumerate(table.rows)}
        own = [cell for (of, _), group in groups.items() if of == name for cell in group.values()]
        own.sort(key=lambda cell: (order[cell['row'], cell['column']], cell['seed']))
        results['cells'] += own
        for entry in comparisons_of(table, own):
            before = earlier.get(_pair(entry), entry)
            rows = [(entry[key], entry['column']) for key in ('row', 'versus')]
            stale = changed & {(name, seed, row) for seed in before['image_seeds'] for row in rows}
            if len(before['image_seeds']) > len(entry['image_seeds']) and not stale:
                entry |= {key: before[key] for key in ('image_seeds', 'over_images')}
            results['comparisons'].append(entry)


def _by_seed(cells: Sequence[dict]) -> dict[tuple, dict[tuple, dict]]:
    """Cells by table and seed, then by row and column."""
    groups: dict[tuple, dict[tuple, dict]] = {}
    for cell in cells:
        group = groups.setdefault((cell['table'], cell['seed']), {})
        group[cell['row'], cell['column']] = cell
    return groups


def _machine(group: dict[tuple, dict]) -> set[tuple]:
    """Machine type, threads and PyTorch of a group's cells."""
    return {tuple(c['made_by'][k] for k in ('machine', 'threads', 'torch')) for c in group.values()}


def _metrics(cell: dict | None) -> dict | None:
    return cell and cell['metrics']


def _pair(entry: dict) -> tuple:
    return entry['table'], entry['row'], entry['column'], entry['versus']


def filled(text: str, results: Results) -> str:
    """A page whose blocks hold the tables and values of the results file."""

    def block(found: re.Match) -> str:
        return f'{found[1]}\n{block_text(found[2], results).rstrip()}\n\n{found[3]}'

    def inline(found: re.Match) -> str:
        return f'{found[1]}{value(" ".join(found[2].split()), results)}{found[3]}'

    return VALUE.sub(inline, BLOCK.sub(block, text))


def block_text(name: str, results: Results) -> str:
    """The Markdown of a block."""
    if found := MEASURED.fullmatch(name):
        columns = found[3].split('; ') if found[3] else []
        measured = measurement(results, found[2])
        return caption(measured) if found[1] == 'caption' else measured_table(measured, columns)
    names = dict.fromkeys(cell['table'] for cell in results['cells'])
    tables = [load_table(each) for each in names]
    if name == 'core_summary':
        return summary([table for table in tables if part_of(table) == CORE], results)
    if name == 'guard_picks':
        return guard_table(tables, results)
    if name == 'times':
        return times_table(tables, results)
    table = load_table(name)
    return f'**{table.title}**\n\n{table_text(table, results)}'


def value(key: str, results: Results) -> str:
    """The number of a key, as text.

    Raises:
        ValueError: If the key has another form, or the results file lacks its cells.
    """
    if found := MEASURED_VALUE.fullmatch(key):
        return measured_cell(measurement(results, found[1]), found[2])
    found = KEY.fullmatch(key)
    if found is None:
        raise ValueError(f'{key}: no key of a value')
    table, name, versus, kind = (part and part.strip() for part in found.groups())
    labels = {label(*place): place for place in places(load_table(table))}
    row, column = labels.get(name, (name, ''))
    cells = cells_of(results, table, row, column).values()
    if not cells:
        raise ValueError(f'{key}: no such cells in the results file')
    if versus:
        found = intervals(results, table, row, versus, column)[kind == 'over images']
        if found is None:
            raise ValueError(f'{key}: no such comparison in the results file')
        return str(found)
    if kind == 'rank':
        return mean_ranks(results, table, _losses_beside(table, row))[row].text(2)
    if kind == 'difficulty':
        return difficulty_correlation(results, table, row).text(2, '+')
    score = load_table(table).score
    of_run = (c['guard']['score'] if kind == 'pick' else c['metrics'][score] for c in cells)
    return f'{statistics.fmean(of_run):.1f}'


def measured_cell(found: Measurement, place: str) -> str:
    """A cell by ``ROW/COLUMN``; both may have slashes in them.

    Raises:
        ValueError: If there is no such cell.
    """
    ends = [column for column in found['columns'] if place.endswith(f'/{column}')]
    if not ends:
        raise ValueError(f'{found["name"]}: {place} ends in none of {found["columns"]}')
    column = max(ends, key=len)
    return measured_value(found, place.removesuffix(f'/{column}'), column)


def measurement(results: Results, name: str) -> Measurement:
    """A measurement of the results file.

    Raises:
        ValueError: If there is none of that name.
    """
    for found in results.get('measurements', []):
        if found['name'] == name:
            return found
    raise ValueError(f'no measurement {name} in the results file')


def _losses_beside(table: str, row: str) -> list[str]:
    """Rows of the same strength."""
    names = [other.name for other in load_table(table).rows]
    strength = LOSS_AT.fullmatch(row)[2]
    return [name for name in names if (at := LOSS_AT.fullmatch(name)) and at[2] == strength]


def draw(results: Results, folder: Path) -> None:
    """Write the figures of all parts as ``evidence_KIND_PART.png``."""
    names = dict.fromkeys(cell['table'] for cell in results['cells'])
    with tempfile.TemporaryDirectory() as made:
        draw_figures([load_table(name) for name in names], results, Path(made))
        for picture in Path(made).glob('*.png'):
            shutil.copyfile(picture, folder / f'evidence_{picture.name}')


def main() -> None:
    """Publish the files that the command line names."""
    results = read_results()
    publish([Path(name) for name in sys.argv[1:]], results)
    pages = {page: filled(page.read_text(encoding='utf-8'), results) for page in PAGES}
    write_results(results, SHIPPED)  # no page has failed
    for page, text in pages.items():
        if text != page.read_text(encoding='utf-8'):
            page.write_text(text, encoding='utf-8')
    draw(results, ROOT / 'docs/images')


if __name__ == '__main__':
    main()
