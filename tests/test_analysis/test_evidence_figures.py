"""Figures of the study of the evidence, on results made by hand."""

import csv
from pathlib import Path

import pytest
from matplotlib.axes import Axes

from mmseg_maxsquare.analysis import evidence_figures
from mmseg_maxsquare.analysis.evidence_figures import (
    draw_differences,
    draw_figures,
    label,
    part_of,
    places,
    styles_of,
)
from mmseg_maxsquare.analysis.tables import load_table

NAME = 'evidence_strength_camvid_dusk'


def cell(row: str, score: float, seed: int) -> dict:
    curve = {'0': 34.0, '100': score - 1, '200': score}
    return dict(
        table=NAME, row=row, column='', seed=seed, metrics={'mIoU': score}, guard=None, curve=curve
    )


def comparison(row: str, versus: str, seeds: list, images: list | None) -> dict:
    return dict(table=NAME, row=row, versus=versus, column='', over_seeds=seeds, over_images=images)


@pytest.fixture
def results() -> dict:
    rows = {'BN control': 35.0, 'MinEnt, s0': 36.0, 'MaxSquare, s0': 38.0}
    return dict(
        cells=[cell(row, score + seed, seed) for row, score in rows.items() for seed in (0, 1)],
        comparisons=[
            comparison('MinEnt, s0', 'BN control', [1, None, None], None),
            comparison('MaxSquare, s0', 'BN control', [3, 2, 4], [3, 2.5, 3.5]),
            comparison('MaxSquare, s0', 'MinEnt, s0', [2, 1, 3], None),
        ],
    )


def lines_of(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text().splitlines()))


def test_one_pair_of_figures_for_each_part(results: dict, tmp_path: Path) -> None:
    tables = [load_table(NAME), load_table('evidence_camvid_dusk')]
    draw_figures(tables, results, tmp_path)
    pictures = {path.name: path.stat().st_size for path in tmp_path.glob('*.png')}
    assert set(pictures) == {f'{kind}_strength.png' for kind in ('differences', 'forms', 'curves')}
    assert min(pictures.values()) > 5000


def test_a_wide_interval_of_the_control_is_cut_off(
    results: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panels: list[Axes] = []
    monkeypatch.setattr(evidence_figures, 'save', lambda figure, *_: panels.append(figure.axes[0]))
    control = comparison('Source only', 'BN control', [1, -15, 17], None)
    results['comparisons'].append(control)
    draw_differences([load_table(NAME)], results, tmp_path)
    control['over_seeds'] = [1, -1, 3]
    draw_differences([load_table(NAME)], results, tmp_path)
    assert [panel.get_xlim() for panel in panels] == [
        pytest.approx((-0.4, 4.4)),
        pytest.approx((-1.5, 4.5)),
    ]


def test_no_curves_of_a_single_score(results: dict, tmp_path: Path) -> None:
    for each in results['cells']:
        each['curve'] = {'200': 38.0}
    draw_figures([load_table(NAME)], results, tmp_path)
    assert {path.name for path in tmp_path.glob('*.png')} == {
        'differences_strength.png',
        'forms_strength.png',
    }


def test_differences(results: dict, tmp_path: Path) -> None:
    """To the control, and in another figure to the weaker loss of the same strength."""
    draw_figures([load_table(NAME)], results, tmp_path)
    lines = lines_of(tmp_path / 'differences_strength.csv')
    assert lines[0] == ['table', 'row', 'minus', 'over', 'mean', 'low', 'high']
    assert [line[1:] for line in lines[1:]] == [
        ['MinEnt, s0', 'BN control', 'seeds', '1', 'nan', 'nan'],
        ['MaxSquare, s0', 'BN control', 'seeds', '3', '2', '4'],
        ['MaxSquare, s0', 'BN control', 'images', '3', '2.5', '3.5'],
    ]
    assert [line[1:] for line in lines_of(tmp_path / 'forms_strength.csv')[1:]] == [
        ['MaxSquare, s0 minus MinEnt, s0', 'MinEnt, s0', 'seeds', '2', '1', '3'],
    ]


def test_curves(results: dict, tmp_path: Path) -> None:
    draw_figures([load_table(NAME)], results, tmp_path)
    lines = lines_of(tmp_path / 'curves_strength.csv')
    assert [NAME, 'MaxSquare, s0', '200', '38.5'] in lines and len(lines) == 1 + 3 * 3


def test_curves_are_of_the_seeds_that_all_rows_have(results: dict, tmp_path: Path) -> None:
    results['cells'] += [cell('BN control', 90.0, 2)]
    draw_figures([load_table(NAME)], results, tmp_path)
    assert [NAME, 'BN control', '200', '35.5'] in lines_of(tmp_path / 'curves_strength.csv')


def test_curves_begin_at_the_source_model(results: dict, tmp_path: Path) -> None:
    """Also those of runs that did not score it."""
    for each in results['cells']:
        if each['row'] != 'BN control':
            del each['curve']['0']
    draw_figures([load_table(NAME)], results, tmp_path)
    lines = lines_of(tmp_path / 'curves_strength.csv')
    assert sum(line[2:] == ['0', '34'] for line in lines) == 3


@pytest.mark.parametrize(
    'name', [NAME, 'evidence_camvid_dusk', 'evidence_systems_camvid_dusk', 'digits']
)
def test_no_two_rows_look_the_same(name: str) -> None:
    rows = [label(*place) for place in places(load_table(name))]
    styles = styles_of(rows)
    assert len({str(style) for style in styles.values()}) == len(rows)
    if name == NAME:
        assert styles['IW, s0']['color'] == styles['IW, 3 s0']['color']
        assert styles['IW, s0']['linestyle'] == styles['MinEnt, s0']['linestyle']


@pytest.mark.parametrize(
    ('name', 'part'),
    [
        ('evidence_labelmefacade_day', 'core'),
        (NAME, 'strength'),
        ('evidence_systems_camvid_dusk', 'systems'),
        ('digits', 'digits'),
    ],
)
def test_parts(name: str, part: str) -> None:
    assert part_of(load_table(name)) == part
