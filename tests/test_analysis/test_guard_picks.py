"""The guard's picks against last checkpoints, counted by hand."""

from mmseg_maxsquare.analysis.guard_picks import guard_table
from mmseg_maxsquare.analysis.tables import load_table

TABLES = [load_table('evidence_camvid_dusk'), load_table('evidence_systems_camvid_dusk')]


def cell(table: int, row: str, seed: int, source: float, last: float, pick: float) -> dict:
    guard = dict(name='step 50', score=pick)
    found = dict(table=TABLES[table].name, row=row, column='', seed=seed, guard=guard)
    return dict(found, metrics={'mIoU': last}, curve={'0': source})


def test_numbers() -> None:
    cells = [
        cell(0, 'MinEnt', 0, 34.0, 30.0, 33.5),  # harmed and averted
        cell(0, 'MinEnt', 1, 34.0, 32.0, 32.0),  # harmed
        cell(0, 'MaxSquare', 0, 34.0, 38.0, 37.0),  # gained
        cell(0, 'MaxSquare', 1, 34.0, 33.5, 34.0),  # half a point is not harm
        cell(0, 'MaxSquare+IW', 0, 34.0, 38.0, 35.0),  # gained and forgone; seed 1 lacks it
        cell(1, 'MaxSquare', 0, 34.0, 38.0, 37.0),  # the same run again
        dict(cell(0, 'Source only', 0, 34.0, 35.0, 0.0), guard=None),
    ]
    text = guard_table(TABLES, dict(cells=cells, comparisons=[]))
    # By seed: (3.5 - 1 - 3) / 3 and (0 + 0.5) / 2; their mean 0.0417, half of the interval 2.65.
    expected = '| 5 | 34.0 | 34.1 | +0.0 [-2.6, +2.7] | 2 | 1 | 2 | 1 | -2.0 |'
    assert text.splitlines()[2:] == [f'| {TABLES[0].title} {expected}']


def test_all_tables() -> None:
    cells = [
        cell(0, 'MinEnt', 0, 34.0, 36.0, 35.0),
        cell(0, 'MinEnt', 1, 34.0, 36.0, 36.0),
        cell(1, 'AdvEnt', 0, 34.0, 32.0, 35.0),
    ]
    # By seed: (-1 + 3) / 2 and 0.
    expected = '| all | 3 | 35.0 | 35.5 | +0.5 [-5.9, +6.9] | 1 | 1 | 2 | 1 | +1.0 |'
    assert guard_table(TABLES, dict(cells=cells, comparisons=[])).splitlines()[-1] == expected


def test_runs_of_another_machine_type_are_other_runs() -> None:
    cells = [cell(i, 'MaxSquare', 0, 34.0, 38.0 + i, 38.0) for i in (0, 1)]
    cells.append(cell(1, 'AdvEnt', 0, 34.0, 36.0, 36.0))
    lines = guard_table(TABLES, dict(cells=cells, comparisons=[])).splitlines()
    assert [line.split(' | ')[1] for line in lines[2:]] == ['1', '2', '3']


def test_a_table_of_nothing_but_such_runs_is_left_out() -> None:
    cells = [cell(i, 'MaxSquare', 0, 34.0, 38.0 + i, 38.0) for i in (0, 1)]
    (line,) = guard_table(TABLES, dict(cells=cells, comparisons=[])).splitlines()[2:]
    assert line.startswith(f'| {TABLES[0].title} | 1 |')


def test_no_guard() -> None:
    assert guard_table(TABLES, dict(cells=[], comparisons=[])) == ''
