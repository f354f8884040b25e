"""Rows that patterns choose."""

import pytest

from mmseg_maxsquare.analysis.choice import chosen_rows, rows_text
from mmseg_maxsquare.analysis.tables import load_table


def names(table: str, *patterns: str) -> list[str]:
    return [row.name for row in chosen_rows(load_table(table), patterns)]


@pytest.mark.parametrize(
    ('patterns', 'expected'),
    [
        (['MinEnt'], ['MinEnt']),  # the name of a row is that row alone
        (['minent'], ['MinEnt']),
        (['MinEnt*'], ['MinEnt [31]', 'MinEnt']),
        (['*MinEnt*'], ['MinEnt [31]', 'AdvEnt+MinEnt [31]', 'MinEnt']),
        (['CBST [36]'], ['CBST [36]']),
        (['cbst'], ['CBST [36]', 'CBST-SP [36]']),
        (['[36]'], ['Source only [36]', 'CBST [36]', 'CBST-SP [36]']),
        (['MaxSquare+IW', 'BN*'], ['MaxSquare+IW', 'BN control']),
        (['?N control'], ['BN control']),
    ],
)
def test_patterns(patterns: list[str], expected: list[str]) -> None:
    assert names('2', *patterns) == expected


def test_none_is_all() -> None:
    assert len(names('2')) == 12


def test_headings_count() -> None:
    assert names('6', 'CBST (R-101; paper: WRN-38)') == [
        f'{city}: CBST [36]' for city in ('Rome', 'Rio', 'Tokyo', 'Taipei')
    ]
    assert len(names('6', 'Rome*')) == 7


def test_all_columns_of_a_row() -> None:
    assert names('1', 'DANN*') == ['DANN [10]'] * 6


def test_no_such_row() -> None:
    with pytest.raises(ValueError, match='--rows: no row of table2 fits HRDA; its rows: Source on'):
        names('2', 'CBST*', 'HRDA')


def test_text() -> None:
    assert rows_text(chosen_rows(load_table('2'), ['MinEnt*'])).splitlines() == [
        'rows:',
        '  MinEnt [31]  advent/gta2cs_minent',
        '  MinEnt       minent/gta2cs',
    ]
