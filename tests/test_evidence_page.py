"""The page of the evidence shows what the results file holds."""

import importlib.util
from types import ModuleType

import pytest

from mmseg_maxsquare.analysis.intervals import over_seeds
from mmseg_maxsquare.analysis.results_file import cells_of, pairs_of, read_results
from mmseg_maxsquare.analysis.tables import load_table

from tests.helpers import REPO

PAGE = REPO / 'docs/evidence.md'
RESULTS = read_results()


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location('results', REPO / 'tools/docs/results.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tables_are_those_of_the_results_file(tool: ModuleType) -> None:
    text = PAGE.read_text(encoding='utf-8')
    assert tool.filled(text, RESULTS) == text
    changed = {
        **RESULTS,
        'cells': [
            dict(cell, metrics=dict(cell['metrics'], mIoU=1.0))
            for cell in RESULTS['cells']
            if cell['column'] == ''
        ],
    }
    assert tool.filled(text, changed) != text


def test_every_cell_says_where_it_comes_from() -> None:
    for cell in RESULTS['cells']:
        made_by = cell['made_by']
        assert len(made_by['commit']) == 40 and made_by['machine'] and made_by['torch']
        assert made_by['threads'] == 1


def test_comparisons_follow_from_the_cells() -> None:
    for entry in RESULTS['comparisons']:
        table = load_table(entry['table'])
        assert (entry['row'], entry['versus'], entry['column']) in pairs_of(table)
        ours, others = (
            cells_of(RESULTS, table.name, name, entry['column'])
            for name in (entry['row'], entry['versus'])
        )
        assert entry['seeds'] == sorted(set(ours) & set(others))
        gains = [
            ours[s]['metrics'][table.score] - others[s]['metrics'][table.score]
            for s in entry['seeds']
        ]
        found = over_seeds(gains)
        assert entry['over_seeds'][0] == pytest.approx(found.mean, abs=1e-4)
        if len(gains) > 1:
            assert entry['over_seeds'][1:] == pytest.approx([found.low, found.high], abs=1e-4)
