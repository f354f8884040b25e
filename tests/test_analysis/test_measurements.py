"""What benchmarks measured: the file, the table, single cells, and wrong names."""

import json
from pathlib import Path

import pytest

from mmseg_maxsquare.analysis.measurements import (
    caption,
    measured_table,
    measured_value,
    shown,
    write_measurement,
)

COLUMNS = ['variant', 'seconds', 'ratio', 'verdict']
ROWS = [['ours', 2.418, 1.0034, 'adapted'], ['theirs', 107.6, None, '']]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / 'made/steps.json'
    write_measurement(path, 'Steps', 'python steps.py', COLUMNS, ROWS, '3 repeats', 'A CPU')
    return path


def test_the_file_says_where_the_numbers_come_from(path: Path) -> None:
    found = json.loads(path.read_text(encoding='utf-8'))
    assert found['name'] == 'steps' and found['rows'] == ROWS
    assert found['made_by']['machine'] == 'A CPU' and found['made_by']['threads'] >= 1
    text = caption(found)
    assert text.startswith('`python steps.py`; 3 repeats, A CPU, ')
    assert found['date'] in text
    found['made_by']['commit'] = f'{"1234567890" * 4}+changes'
    assert caption(found).endswith(', commit 1234567 with changes.')


def test_table_and_cells(path: Path) -> None:
    found = json.loads(path.read_text(encoding='utf-8'))
    assert measured_table(found, ['variant', 'ratio']).splitlines() == [
        '| variant | ratio |',
        '|---|---|',
        '| ours | 1.00 |',
        '| theirs |  |',
    ]
    assert measured_table(found).splitlines()[-1] == caption(found)
    assert measured_value(found, 'ours', 'seconds') == '2.42'
    with pytest.raises(ValueError, match="steps: no column 'hours'; the columns: "):
        measured_table(found, ['hours'])
    with pytest.raises(ValueError, match="steps: no row 'none'; the rows: "):
        measured_value(found, 'none', 'seconds')


@pytest.mark.parametrize(
    ('value', 'text'),
    [
        (None, ''),
        ('12 of 62', '12 of 62'),
        (3, '3'),
        (0.0342, '0.034'),
        (0.0496, '0.050'),
        (0.9971, '1.00'),
        (-9.996, '-10.0'),
        (40.15, '40.1'),
        (99.96, '100'),
        (6973.2, '6973'),
    ],
)
def test_numbers_as_text(value: str | float | None, text: str) -> None:
    assert shown(value) == text
