"""Gains by class, ranks and the correlation with difficulty, on results made by hand."""

import math

import pytest

from mmseg_maxsquare.analysis.class_gains import (
    class_gains,
    class_table,
    difficulty_correlation,
    mean_ranks,
)

# Source only says that a is difficult, d is easy; e is not in the images.
RUNS = {
    'Source only': [(10, 40, 60, 90), (12, 40, 61, 91)],
    'BN control': [(12, 42, 60, 90), (13, 43, 60, 90)],
    'MinEnt': [(13, 43, 63, 94), (14, 44, 63, 94)],  # +1 +1 +3 +4: the easy ones gain
    'MaxSquare': [(16, 45, 62, 91), (18, 46, 62, 91)],  # +4 +3 +2 +1, +5 +3 +2 +1
}


def results(seeds: int = 2) -> dict:
    cells = [
        dict(
            table='T',
            row=row,
            column='',
            seed=seed,
            metrics={
                'mIoU': 1.0,
                **{f'IoU.{name}': v for name, v in zip('abcd', runs[seed], strict=True)},
                'IoU.e': math.nan,
            },
        )
        for row, runs in RUNS.items()
        for seed in range(seeds)
    ]
    return dict(cells=cells, comparisons=[])


def test_gains() -> None:
    found = class_gains(results(), 'T', 'MaxSquare', 'BN control')
    assert list(found) == ['a', 'b', 'c', 'd']
    assert [gain.mean for gain in found.values()] == [4.5, 3.0, 2.0, 1.0]
    half = 12.7062 * 0.5  # t of one degree of freedom, and the error of the mean of 4 and 5
    assert [found['a'].low, found['a'].high] == pytest.approx([4.5 - half, 4.5 + half], abs=1e-3)


def test_who_gains() -> None:
    assert difficulty_correlation(results(), 'T', 'MaxSquare').mean == pytest.approx(1.0)
    assert difficulty_correlation(results(), 'T', 'MinEnt').mean == pytest.approx(-0.9487, abs=1e-4)


def test_ranks() -> None:
    """MaxSquare is first in a and b, MinEnt in c and d."""
    found = mean_ranks(results(), 'T', ['BN control', 'MinEnt', 'MaxSquare'])
    assert [rank.mean for rank in found.values()] == [3.0, 1.5, 1.5]
    assert found['MinEnt'].low == found['MinEnt'].high == 1.5


def test_intervals_end_with_their_scale() -> None:
    """MaxSquare is first in three of four classes, then in two: 1.25 and 1.5."""
    found = results()
    for cell in found['cells']:
        if cell['row'] == 'MinEnt' and cell['seed'] == 0:
            cell['metrics'] = dict(cell['metrics'], **{'IoU.c': 61})
    ranks = mean_ranks(found, 'T', ['MinEnt', 'MaxSquare'])
    assert ranks['MaxSquare'].mean == 1.375 and ranks['MinEnt'].mean == 1.625
    assert [(rank.low, rank.high) for rank in ranks.values()] == [(1, 2), (1, 2)]
    correlation = difficulty_correlation(found, 'T', 'MinEnt')
    assert correlation.low == -1 < correlation.mean < correlation.high


def test_table() -> None:
    lines = class_table(results(1), 'T', ['MinEnt', 'MaxSquare']).splitlines()
    assert lines == [
        '| class (IoU, source only) | MinEnt | MaxSquare |',
        '|---|---|---|',
        '| a (10) | +1.0 | +4.0 |',
        '| b (40) | +1.0 | +3.0 |',
        '| c (60) | +3.0 | +2.0 |',
        '| d (90) | +4.0 | +1.0 |',
        '| mean rank | 1.50 | 1.50 |',
        '| rank correlation of gain and difficulty | -0.95 | +1.00 |',
    ]


def test_no_runs() -> None:
    assert class_table(results(), 'T', ['IW']) == ''
    assert class_table(dict(cells=[], comparisons=[]), 'T', ['IW']) == ''
