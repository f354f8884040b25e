"""Fills the tables of results into pages, from the published results file."""

import re
from pathlib import Path

from mmseg_maxsquare.analysis.evidence_report import table_text
from mmseg_maxsquare.analysis.results_file import Results, read_results
from mmseg_maxsquare.analysis.tables import load_table

DOCS = Path(__file__).parents[2] / 'docs'
BLOCK = re.compile(r'(<!-- results: (\w+) -->\n).*?(<!-- end -->)', re.DOTALL)


def filled(text: str, results: Results) -> str:
    """A page whose blocks ``<!-- results: TABLE -->`` hold the tables of the results file."""

    def block(found: re.Match) -> str:
        table = load_table(found[2])
        content = f'\n**{table.title}**\n\n{table_text(table, results)}\n'
        return f'{found[1]}{content}{found[3]}'

    return BLOCK.sub(block, text)


if __name__ == '__main__':
    page = DOCS / 'evidence.md'
    page.write_text(filled(page.read_text(encoding='utf-8'), read_results()), encoding='utf-8')
