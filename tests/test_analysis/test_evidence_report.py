"""Results file, tables and figures of the study of the evidence, on runs made by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from mmseg_maxsquare.analysis.evidence_report import (
    result_table,
    summary,
    times_table,
    write_evidence,
)
from mmseg_maxsquare.analysis.results_file import collect_results, pairs_of, read_results
from mmseg_maxsquare.analysis.rows import Row
from mmseg_maxsquare.analysis.runner import work_dir_of
from mmseg_maxsquare.analysis.tables import load_table

from tests.helpers import REPO

TABLE = load_table('evidence_camvid_dusk')
LOOKS = """name,step,information,share_divergence,mirror,retained,oracle_mIoU
source,0,-0.50,0,0.8,1,34
statistics,0,-0.51,0.01,0.8,0.9,35
step 50,50,-0.55,0.02,0.85,0.9,36
step 100,100,-0.60,0.05,0.9,0.5,38
step 200,200,-0.70,0.30,0.95,0.1,33
"""


def leave(row: Row, seed: int, out: Path, score: float) -> None:
    """What a run of a row leaves."""
    folder = work_dir_of(row.run, seed, out)
    logs = folder / '20260101_120000/vis_data'
    logs.mkdir(parents=True)
    cfg = Config.fromfile(REPO / 'configs' / row.run.config)
    cfg.run = dict(commit='abc', machine='M', threads=1, torch='2')
    cfg.dump(logs / 'config.py')
    lines = [dict(loss=1.0, step=200, time=0.9), {'mIoU': score, 'IoU.sky': 50.0, 'step': 200}]
    (logs / 'scalars.json').write_text('\n'.join(map(json.dumps, lines)))
    if row.name.startswith('MaxSquare'):
        (folder / 'guard.csv').write_text(LOOKS)
    areas = dict(intersection=np.full((12, 2), int(score)), union=np.full((12, 2), 100))
    np.savez(folder / 'image_areas.npz', classes=['a', 'b'], **areas)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Three rows on two seeds: differences of 3 and 5 to the BN control."""
    rows = {row.name: row for row in TABLE.rows}
    for seed, gain in ((0, 3.0), (1, 5.0)):
        leave(rows['Source only'], seed, tmp_path, 34.0)
        leave(rows['BN control'], seed, tmp_path, 35.0)
        leave(rows['MaxSquare'], seed, tmp_path, 35.0 + gain)
    return tmp_path


def test_cells(out: Path) -> None:
    results = collect_results(TABLE, [0, 1, 2], out)
    assert len(results['cells']) == 6
    cell = next(c for c in results['cells'] if (c['row'], c['seed']) == ('MaxSquare', 1))
    assert cell['metrics'] == {'mIoU': 40.0, 'IoU.sky': 50.0}
    assert cell['guard'] == dict(name='step 100', score=38.0)  # before the shares diverge
    assert cell['curve'] == {'0': 34.0, '50': 36.0, '100': 38.0, '200': 33.0}
    assert cell['made_by'] == dict(commit='abc', machine='M', threads=1, torch='2')
    assert cell['seconds'] == 180


def test_comparisons(out: Path) -> None:
    """4 +- 12.706 * sqrt(2) / sqrt(2) over seeds; over images there is no spread at all."""
    found = collect_results(TABLE, [0, 1], out)['comparisons']
    entry = next(c for c in found if (c['row'], c['versus']) == ('MaxSquare', 'BN control'))
    assert entry['seeds'] == [0, 1]
    assert entry['over_seeds'] == pytest.approx([4.0, 4 - 12.7062, 4 + 12.7062], abs=1e-3)
    assert entry['over_images'] == [4.0, 4.0, 4.0]


def test_table(out: Path) -> None:
    lines = result_table(TABLE, collect_results(TABLE, [0, 1], out)).splitlines()
    assert '| MaxSquare | 2 | 39.0 ± 1.4 | 38.0 ± 0.0 |' in lines
    assert '| Source only | 2 | 34.0 ± 0.0 | - |' in lines
    assert '| MaxSquare | BN control | +4.0 [-8.7, +16.7] | +4.0 [+4.0, +4.0] |' in lines


def test_the_named_comparison_and_the_seeds_of_the_images() -> None:
    cells = [
        dict(table=TABLE.name, row=row, column='', seed=0, guard=None, metrics={'mIoU': 40.0})
        for row in ('BN control', 'MaxSquare+IW+Multi')
    ]
    entry = dict(table=TABLE.name, row='MaxSquare+IW+Multi', column='', versus='BN control')
    entry |= dict(seeds=[0, 1], over_seeds=[1, 0, 2], image_seeds=[1], over_images=[1.5, 1, 2])
    lines = result_table(TABLE, dict(cells=cells, comparisons=[entry])).splitlines()
    images = '+1.5 [+1.0, +2.0] (seeds 1)'
    assert lines[-1] == (
        f'| **MaxSquare+IW+Multi** | **BN control** | **+1.0 [+0.0, +2.0]** | **{images}** |'
    )


def test_times(out: Path) -> None:
    lines = times_table([TABLE], collect_results(TABLE, [0, 1], out)).splitlines()
    assert lines[2:] == [f'| {TABLE.title} | 6 | 3.0 | 0.3 |']


def test_summary(out: Path) -> None:
    """Tasks side by side; here twice the same one."""
    lines = summary([TABLE] * 2, collect_results(TABLE, [0, 1], out)).splitlines()
    assert lines[0] == '| row | CamVid, day -> dusk | CamVid, day -> dusk |'
    cell = '39.0 ± 1.4: +4.0 [-8.7, +16.7]'
    assert f'| MaxSquare | {cell} | {cell} |' in lines
    assert '| BN control | 35.0 ± 0.0 | 35.0 ± 0.0 |' in lines
    assert '| MinEnt | - | - |' in lines
    source = '34.0 ± 0.0: -1.0 [-1.0, -1.0]'
    assert lines[2] == f'| Source model | {source} | {source} |'


def test_files(out: Path) -> None:
    text = write_evidence([], [], out)
    assert (out / 'evidence.md').read_text() == text and 'CamVid, day -> dusk' in text
    names = [f'evidence_{name}camvid_dusk' for name in ('', 'strength_', 'systems_')]
    parts = [collect_results(load_table(name), [0, 1], out) for name in names]
    assert read_results(out / 'results.json') == {
        key: [entry for part in parts for entry in part[key]] for key in ('cells', 'comparisons')
    }
    # The tables of equal strength hold only the controls yet.
    assert {path.stem for path in out.glob('*.png')} == {
        f'{kind}_{part}' for kind in ('differences', 'curves') for part in ('core', 'systems')
    }


def test_strengths_are_shown() -> None:
    table = load_table('evidence_strength_camvid_dusk')
    strength = dict(weight=0.05, reference=0.02, factor=3.0, at_end=0.04)
    cell = dict(table=table.name, column='', guard=None, metrics={'mIoU': 40.0})
    cells = [
        dict(cell, row='IW, 3 s0', seed=0, strength=strength),
        dict(cell, row='BN control', seed=0, strength=None),
    ]
    lines = result_table(table, dict(cells=cells, comparisons=[])).splitlines()
    assert '| IW, 3 s0 | 1 | 40.0 | 0.05 | 0.06 | 0.04 |' in lines
    assert '| BN control | 1 | 40.0 | - | - | - |' in lines


def test_nothing_yet(tmp_path: Path) -> None:
    assert write_evidence([], [], tmp_path) == ''
    assert list(tmp_path.glob('*.png')) == []


def test_pairs_at_equal_strength() -> None:
    pairs = pairs_of(load_table('evidence_strength_camvid_dusk'))
    assert ('MaxSquare, s0/3', 'MinEnt, s0/3', '') in pairs
    assert ('IW, 3 s0', 'MaxSquare, 3 s0', '') in pairs
    assert ('IW, 3 s0', 'BN control', '') in pairs
    assert len(pairs) == 6 + 2 * 9 + 1
    digits = pairs_of(load_table('digits'))
    assert ('DANN', 'BN control', 'MNIST→UCI') in digits
    assert ('DANN', 'MaxSquare', 'MNIST→UCI') in digits and len(digits) == 2 * (4 + 3 + 2)


def test_columns_of_dashes_are_left_out() -> None:
    """The digits have no guard, and no areas of their images are kept."""
    lines = result_table(load_table('digits'), read_results()).splitlines()
    assert lines[0] == '| row | seeds | last |'
    assert '| row | minus | over seeds |' in lines
