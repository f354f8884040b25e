"""The page of the evidence shows what the results file holds."""

import importlib.util
import json
import re
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mmseg_maxsquare.analysis.intervals import over_images, over_seeds
from mmseg_maxsquare.analysis.results_file import cells_of, pairs_of, read_results
from mmseg_maxsquare.analysis.tables import load_table

from tests.helpers import REPO

RESULTS = read_results()


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location('results', REPO / 'tools/docs/results.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = ['README.md', *(str(p.relative_to(REPO)) for p in sorted((REPO / 'docs').rglob('*.md')))]
# Decimals that are no results of ours: settings, and numbers of others.
SETTINGS = {
    'README.md': {'2.0', '3.11', '3.12', '3.13'},
    'docs/evidence.md': {'0.0002', '0.001', '0.1', '0.2', '0.3', '0.95'},
    'docs/speed.md': set(),
    'docs/guides/adapt.md': {'0.02', '0.1', '0.12', '0.2', '0.3'},
    'docs/start.md': {'2.6', '3.11', '3.12', '3.13'},
    'docs/methods/dann.md': {'0.5', '0.75', '82.2', '86.1'},  # the last two are of others
    'docs/method.md': {'0.03', '0.09', '0.1', '0.2', '0.3', '0.95'},
}


@pytest.mark.parametrize('page', PAGES)
def test_the_pages_show_the_results_file(tool: ModuleType, page: str) -> None:
    text = (REPO / page).read_text(encoding='utf-8')
    assert tool.filled(text, RESULTS) == text


@pytest.mark.parametrize('page', SETTINGS)
def test_no_result_is_written_by_hand(tool: ModuleType, page: str) -> None:
    text = (REPO / page).read_text(encoding='utf-8')
    text = tool.BLOCK.sub('', tool.VALUE.sub('', text))
    for other in (r'```.*?```', r'`[^`]*`', r'\]\([^)]*\)', r'arXiv [\d.]+'):
        text = re.sub(other, '', text, flags=re.DOTALL)
    assert set(re.findall(r'(?<![\w.])\d+\.\d+(?![\w.]*\w)', text)) <= SETTINGS[page]


def test_changed_results_change_the_page(tool: ModuleType) -> None:
    text = (REPO / 'docs/evidence.md').read_text(encoding='utf-8')
    changed = {
        **RESULTS,
        'cells': [dict(cell, metrics=dict(cell['metrics'], mIoU=1.0)) for cell in RESULTS['cells']],
    }
    assert tool.filled(text, changed) != text


def test_every_cell_says_where_it_comes_from() -> None:
    for cell in RESULTS['cells']:
        made_by = cell['made_by']
        assert len(made_by['commit']) == 40 and made_by['machine'] and made_by['torch']
        assert made_by['threads'] == 1


def test_cells_of_a_published_seed_are_of_one_machine() -> None:
    found: dict[tuple, set] = {}
    for cell in RESULTS['cells']:
        kind = tuple(cell['made_by'][key] for key in ('machine', 'threads', 'torch'))
        found.setdefault((cell['table'], cell['seed']), set()).add(kind)
    assert {len(kinds) for kinds in found.values()} == {1}


def test_every_measurement_says_where_it_comes_from() -> None:
    for found in RESULTS['measurements']:
        made_by = found['made_by']
        assert len(made_by['commit']) == 40, found['name']  # not of changed files
        assert made_by['machine'] and made_by['torch'] and made_by['threads']
        assert found['command'].startswith('python ') and found['date']


def test_publish(tool: ModuleType, tmp_path: Path) -> None:
    """A measurement replaces the one of its name."""
    results = dict(cells=[1], comparisons=[2], measurements=[dict(name='b', rows=1)])
    for name, rows in (('a', 2), ('b', 3)):
        (tmp_path / f'{name}.json').write_text(json.dumps(dict(name=name, rows=rows)))
    tool.publish([tmp_path / f'{name}.json' for name in ('a', 'b')], results)
    measurements = [dict(name='a', rows=2), dict(name='b', rows=3)]
    assert results == dict(cells=[1], comparisons=[2], measurements=measurements)


def cell(row: str, seed: int, score: float, machine: str, areas: list | None = None) -> dict:
    place = dict(table='evidence_camvid_dusk', row=row, column='', seed=seed)
    made_by = dict(machine=machine, threads=1, torch='2')
    return dict(place, metrics={'mIoU': score}, areas=areas, made_by=made_by)


@pytest.fixture
def publish(tool: ModuleType, tmp_path: Path) -> Callable:
    """Publishes cells of both rows, MaxSquare 2 points better, into results of machine A."""
    rows = ('BN control', 'MaxSquare')
    results = dict(cells=[cell(row, seed, 30.0, 'A') for row in rows for seed in (0, 1)])
    names = dict(table='evidence_camvid_dusk', row='MaxSquare', column='', versus='BN control')
    gain = dict(names, seeds=[0, 1], over_seeds=[0.0, 0.0, 0.0])
    results['comparisons'] = [dict(gain, image_seeds=[0, 1], over_images=[0.0, -1.0, 1.0])]
    new = {'BN control': (31.0, [[[1]], [[4]]]), 'MaxSquare': (33.0, [[[2]], [[4]]])}

    def publish(machine: str, seeds: range, rows: Sequence[str] = rows) -> tuple[dict, list[dict]]:
        cells = [
            cell(row, seed, *new[row][:1], machine, new[row][1]) for row in rows for seed in seeds
        ]
        (tmp_path / 'results.json').write_text(json.dumps(dict(cells=cells)))
        tool.publish([tmp_path / 'results.json'], results)
        (entry,) = results['comparisons']
        return entry, results['cells']

    return publish


def test_new_cells_replace_those_of_their_place(publish: Callable) -> None:
    entry, _ = publish('A', range(2, 3))
    assert entry['seeds'] == [0, 1, 2] and entry['over_seeds'][0] == pytest.approx(2 / 3, abs=1e-4)
    assert entry['image_seeds'] == [0, 1]  # of more seeds than 2, and of the same cells
    entry, cells = publish('A', range(1, 2))
    assert entry['seeds'] == [0, 1, 2] and entry['over_seeds'][0] == pytest.approx(4 / 3, abs=1e-4)
    assert entry['image_seeds'] == [1, 2] and entry['over_images'] == [25.0, 25.0, 25.0]
    order = [(c['row'], c['seed']) for c in cells]
    assert order == [(row, seed) for row in ('BN control', 'MaxSquare') for seed in range(3)]


def test_cells_of_a_seed_are_of_one_machine(publish: Callable) -> None:
    """A single row of another machine would be compared with another source model."""
    entry, cells = publish('B', range(1), rows=['MaxSquare'])
    assert entry['over_seeds'] == [0.0, 0.0, 0.0] and {c['made_by']['machine'] for c in cells} == {
        'A'
    }
    entry, cells = publish('B', range(1))
    assert entry['over_seeds'][0] == 1.0
    assert [c['made_by']['machine'] for c in cells] == ['B', 'A'] * 2
    assert entry['image_seeds'] == [0]  # that of seeds 0 and 1 had other cells


def test_measured_blocks_and_values(tool: ModuleType) -> None:
    made_by = dict(commit='c' * 40, machine='A CPU', threads=2, torch='2.13')
    found = dict(
        name='speed', command='python speed.py', about='', date='2026-11-29', made_by=made_by,
        columns=['kind', 'images/s', 's'], rows=[['a/b', 12.34, 0.5]],
    )  # fmt: skip
    results = dict(cells=[], comparisons=[], measurements=[found])
    text = tool.filled('<!-- results: measured speed: kind; images/s -->\n<!-- end -->', results)
    assert '\n| kind | images/s |\n|---|---|\n| a/b | 12.3 |\n' in text
    text = tool.filled('<!-- results: caption speed -->\n<!-- end -->', results)
    line = '`python speed.py`; A CPU, 2 threads, PyTorch 2.13, 2026-11-29, commit ccccccc.'
    assert line in text
    assert tool.value('measured speed/a/b/images/s', results) == '12.3'
    for wrong, message in (
        ('measured none/a/s', 'no measurement none'),
        ('measured speed/a/hours', 'speed: a/hours ends in none of'),
        ('measured speed/c/s', "speed: no row 'c'"),
    ):
        with pytest.raises(ValueError, match=message):
            tool.value(wrong, results)


def test_values_of_rows_with_columns(tool: ModuleType) -> None:
    runs = cells_of(RESULTS, 'digits', 'DANN', 'MNIST→UCI').values()
    mean = statistics.fmean(run['metrics']['aAcc'] for run in runs)
    assert tool.value('digits/DANN, MNIST→UCI', RESULTS) == f'{mean:.1f}'


def test_comparisons_follow_from_the_cells() -> None:
    tables = {name: load_table(name) for name in {e['table'] for e in RESULTS['comparisons']}}
    for entry in RESULTS['comparisons']:
        table = tables[entry['table']]
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
        kept = [s for s in entry['seeds'] if ours[s].get('areas') and others[s].get('areas')]
        assert len(entry['image_seeds']) >= len(kept)
        if kept == entry['image_seeds'] != []:
            areas = [[np.array(side[s]['areas']) for s in kept] for side in (ours, others)]
            images = over_images(*areas)
            expected = [images.mean, images.low, images.high]
            assert entry['over_images'] == pytest.approx(expected, abs=1e-4)


def test_values(tool: ModuleType) -> None:
    table, row = 'evidence_strength_camvid_dusk', 'IW, s0'
    names = ['Source only', 'BN control', 'MinEnt, s0', 'MaxSquare, s0', row]
    cells = [
        dict(
            table=table,
            row=name,
            column='',
            seed=seed,
            guard=dict(score=30.0 + place),
            metrics={
                'mIoU': 40.0 + seed,
                'IoU.a': 5.0 + place,
                'IoU.b': 50.0,
                'IoU.c': 60.0 - place,
            },
        )
        for place, name in enumerate(names)
        for seed in (0, 1)
    ]
    gain = dict(table=table, row=row, column='', versus='BN control', seeds=[0, 1])
    gain.update(over_seeds=[1.0, 0.5, 1.5], over_images=[1.1, -0.2, 2.0])
    results = dict(cells=cells, comparisons=[gain])
    expected = {
        '': '40.5',
        ' pick': '34.0',
        ' - BN control': '+1.0 [+0.5, +1.5]',
        ' - BN control over images': '+1.1 [-0.2, +2.0]',
        ' rank': '2.00 [2.00, 2.00]',  # first in a, equal in b, last in c
        ' difficulty': '+1.00 [+1.00, +1.00]',
    }
    for key, number in expected.items():
        text = f'before <!-- value: {table}/{row}{key} -->0<!-- end --> behind'
        assert f'-->{number}<!-- end --> behind' in tool.filled(text, results)
    for wrong in (f'{table}/none', 'no key', f'{table}/IW, s0 - MaxSquare, s0'):
        with pytest.raises(ValueError, match=wrong):
            tool.value(wrong, results)
