"""Fills tables and values of results into pages and draws their figures, all from the published
results file.

``<!-- results: TABLE -->...<!-- end -->`` holds a table, ``<!-- results: core_summary -->`` all
tasks of the core side by side, ``<!-- results: guard_picks -->`` what the guard's picks are
worth, and ``<!-- value: KEY -->...<!-- end -->`` one number. A KEY is ``TABLE/ROW`` (mean of the
last checkpoints over the seeds), ``TABLE/ROW pick`` (of the guard's picks), ``TABLE/ROW - ROW``
(difference and interval over seeds; with ``over images`` behind it, over images),
``TABLE/ROW rank`` (mean rank among the losses of that strength), or ``TABLE/ROW difficulty``
(rank correlation of a class's gain with its difficulty).
"""

import re
import shutil
import statistics
import tempfile
from pathlib import Path

from mmseg_maxsquare.analysis.class_gains import difficulty_correlation, mean_ranks
from mmseg_maxsquare.analysis.evidence_figures import CORE, draw_figures, part_of
from mmseg_maxsquare.analysis.evidence_report import LOSS_AT, summary, table_text
from mmseg_maxsquare.analysis.guard_picks import guard_table
from mmseg_maxsquare.analysis.results_file import Results, cells_of, intervals, read_results
from mmseg_maxsquare.analysis.tables import load_table

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / 'docs/evidence.md', ROOT / 'README.md')
BLOCK = re.compile(r'(<!-- results: (\w+) -->\n).*?(<!-- end -->)', re.DOTALL)
VALUE = re.compile(r'(<!-- value:\s+([^>]+?)\s+-->).*?(<!-- end -->)', re.DOTALL)
KEY = re.compile(r'(\w+)/(.+?)(?: - (.+?))?( over images| pick| rank| difficulty|)')


def filled(text: str, results: Results) -> str:
    """A page whose blocks hold the tables and values of the results file."""

    def block(found: re.Match) -> str:
        return f'{found[1]}\n{block_text(found[2], results)}\n{found[3]}'

    def inline(found: re.Match) -> str:
        return f'{found[1]}{value(" ".join(found[2].split()), results)}{found[3]}'

    return VALUE.sub(inline, BLOCK.sub(block, text))


def block_text(name: str, results: Results) -> str:
    """The Markdown of a block."""
    names = dict.fromkeys(cell['table'] for cell in results['cells'])
    tables = [load_table(each) for each in names]
    if name == 'core_summary':
        return summary([table for table in tables if part_of(table) == CORE], results)
    if name == 'guard_picks':
        return guard_table(tables, results)
    table = load_table(name)
    return f'**{table.title}**\n\n{table_text(table, results)}'


def value(key: str, results: Results) -> str:
    """The number of a key, as text.

    Raises:
        ValueError: If the key has another form, or the results file lacks its cells.
    """
    found = KEY.fullmatch(key)
    if found is None:
        raise ValueError(f'{key}: no key of a value')
    table, row, versus, kind = (part and part.strip() for part in found.groups())
    cells = cells_of(results, table, row).values()
    if not cells:
        raise ValueError(f'{key}: no such cells in the results file')
    if versus:
        return str(intervals(results, table, row, versus)[kind == 'over images'])
    if kind == 'rank':
        return mean_ranks(results, table, _losses_beside(table, row))[row].text(2)
    if kind == 'difficulty':
        return difficulty_correlation(results, table, row).text(2, '+')
    score = load_table(table).score
    of_run = (c['guard']['score'] if kind == 'pick' else c['metrics'][score] for c in cells)
    return f'{statistics.fmean(of_run):.1f}'


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


if __name__ == '__main__':
    for page in PAGES:
        text = page.read_text(encoding='utf-8')
        page.write_text(filled(text, read_results()), encoding='utf-8')
    draw(read_results(), ROOT / 'docs/images')
