"""Markdown and CSV of a table, against lines written by hand."""

import csv
import io

from mmseg_maxsquare.analysis.report import classes_of, csv_table, markdown_table
from mmseg_maxsquare.analysis.rows import Row, Run, Table

RUN = Run('maxsquare/gta2cs.py')
RESULTS = {
    'A': {0: {'mIoU': 30.0, 'IoU.road': 60.0}, 1: {'mIoU': 34.0, 'IoU.road': 70.0}},
    'B': {0: {'mIoU': 31.0, 'IoU.road': 61.0}, 1: {'mIoU': 37.0, 'IoU.road': 72.0}},
}
PAPER = [
    dict(name='Old [1]', labels={'Net': 'R'}, values={'IoU.road': 50.0, 'mIoU': 20.0}),
    dict(name='A', labels={'Net': 'R'}, values={'IoU.road': None, 'mIoU': 31.5}),
    dict(name='B', labels={'Net': 'R'}, values={'IoU.road': 64.0, 'mIoU': 34.5}),
]


def own(**kwargs) -> Table:
    return Table('t', 'T', [Row('A', RUN), Row('B', RUN)], **kwargs)


def test_differences_are_paired_by_seed() -> None:
    """Differences 1 and 3: mean 2, deviation sqrt(2); not that of the means."""
    assert markdown_table(own(references=['A', 'B']), RESULTS).splitlines() == [
        '| method | mIoU | vs A | vs B | road |',
        '|---|---|---|---|---|',
        '| A | 32.0 ± 2.8 |  | -2.0 ± 1.4 | 65.0 |',
        '| B | 34.0 ± 4.2 | +2.0 ± 1.4 |  | 66.5 |',
    ]


def test_one_seed_has_no_deviation() -> None:
    one = {name: {0: runs[0]} for name, runs in RESULTS.items()}
    assert (
        markdown_table(own(references=['A']), one).splitlines()[3] == '| B | 31.0 | +1.0 | 61.0 |'
    )


def test_a_seed_without_partner_is_not_paired() -> None:
    results = {'A': {0: RESULTS['A'][0]}, 'B': RESULTS['B']}
    line = markdown_table(own(references=['A']), results).splitlines()[3]
    assert line == '| B | 34.0 ± 4.2 | +1.0 | 66.5 |'


def test_paper_layout() -> None:
    table = own(paper=PAPER, classes=['road'])
    assert markdown_table(table, {'A': RESULTS['A']}).splitlines() == [
        '| Net | method | numbers | seeds | road | mIoU |',
        '|---|---|---|---|---|---|',
        '| R | Old [1] | paper |  | 50.0 | 20.0 |',
        '| R | A | ours | 2 | 65.0 | 32.0 ± 2.8 |',
        '| R | A | paper |  | - | 31.5 |',
        '| R | A | difference |  | - | +0.5 |',
        '| R | B | ours | 0 | - | - |',
        '| R | B | paper |  | 64.0 | 34.5 |',
        '| R | B | difference |  | - | - |',
    ]


def test_best_checkpoints_files_that_are_not_there_and_notes() -> None:
    paper = [{**PAPER[0], 'notes': ['one', 'two']}, PAPER[1], {**PAPER[2], 'notes': ['two']}]
    rows = [Row('Old [1]', RUN, heading='Old (ours: R)'), Row('A', RUN)]
    table = Table('t', 'T', rows, paper=paper, classes=[])
    oracle = {'A': {0: {'mIoU': 35.0}, 1: {'mIoU': 36.0}}}
    absent = {'Old [1]': ['w.pth (md5 0)', 'data']}
    text = markdown_table(table, {'A': RESULTS['A']}, oracle, absent)
    assert text.splitlines()[2:] == [
        '| R | Old (ours: R) (a, b) | not run: w.pth (md5 0), data | 0 | - |',
        '| R | Old (ours: R) (a, b) | paper |  | 20.0 |',
        '| R | Old (ours: R) (a, b) | difference |  | - |',
        '| R | A | ours | 2 | 32.0 ± 2.8 |',
        '| R | A | oracle | 2 | 35.5 ± 0.7 |',
        '| R | A | paper |  | 31.5 |',
        '| R | A | difference |  | +0.5 |',
        '| R | B (b) | paper |  | 34.5 |',
        '',
        '- a: one',
        '- b: two',
    ]


def test_best_checkpoints_of_a_table_of_ones_own() -> None:
    """A column, unless all are the last ones."""
    table = own(classes=[])
    same = {name: dict(runs) for name, runs in RESULTS.items()}
    assert '(oracle)' not in markdown_table(table, RESULTS, same)
    oracle = {**same, 'A': {0: {'mIoU': 35.0}, 1: {'mIoU': 36.0}}}
    assert markdown_table(table, RESULTS, oracle, {'C': ['x']}).splitlines() == [
        '| method | mIoU | mIoU (oracle) |',
        '|---|---|---|',
        '| A | 32.0 ± 2.8 | 35.5 ± 0.7 |',
        '| B | 34.0 ± 4.2 | 34.0 ± 4.2 |',
    ]
    assert '| A | not run: x | - |' in markdown_table(table, {}, oracle, {'A': ['x']}).replace(
        '35.5 ± 0.7', '-'
    )


def test_the_papers_deviation_beside_its_number() -> None:
    """Where it has none the number stands alone, and a deviation of 0 is shown."""
    rows = [Row(name, RUN, column=column) for name in 'AB' for column in ('X', 'Y')]
    paper = [
        dict(name='A', labels={}, values=dict(X=31.0, Y=99.0, Avg=65.0), std=dict(X=0.25, Y=0.0)),
        dict(name='Old [1]', labels={}, values=dict(X=1.0, Y=2.0, Avg=1.5)),
    ]
    means = dict(X='X', Y='Y', Avg='Avg')
    table = Table('t', 'T', rows, 'aAcc', means, classes=[], paper=paper)
    results = {'A': {0: dict(X=30.0, Y=100.0, Avg=65.0), 1: dict(X=32.0)}}
    assert markdown_table(table, results).splitlines() == [
        '| method | numbers | seeds | X | Y | Avg |',
        '|---|---|---|---|---|---|',
        '| A | ours | 2 | 31.0 ± 1.4 | 100.0 | 65.0 |',
        '| A | paper |  | 31.0 ± 0.2 | 99.0 ± 0.0 | 65.0 |',
        '| A | difference |  | +0.0 | +1.0 | +0.0 |',
        '| Old [1] | paper |  | 1.0 | 2.0 | 1.5 |',
        '| B | ours | 0 | - | - | - |',
    ]


def test_a_class_without_iou_is_left_out() -> None:
    runs = {0: {'mIoU': 1.0, 'IoU.road': float('nan')}, 1: {'mIoU': 3.0, 'IoU.road': 5.0}}
    assert markdown_table(own(), {'A': runs}).splitlines()[2] == '| A | 2.0 ± 1.4 | 5.0 |'


def test_two_means_under_their_headings() -> None:
    table = own(means=dict(mIoU16='mIoU', mIoU13='mIoU*'), classes=[])
    results = {'A': {0: {'mIoU': 9.0, 'mIoU16': 1.0, 'mIoU13': 2.0}}}
    assert markdown_table(table, results).splitlines()[0] == '| method | mIoU | mIoU* |'
    assert markdown_table(table, results).splitlines()[2] == '| A | 1.0 | 2.0 |'


def test_a_grid_is_a_strip() -> None:
    rows = [Row(f'M x={x}', RUN, 'M', f'x={x}') for x in (1, 2, 3)]
    paper = [dict(name=f'M x={x}', labels={}, values={'mIoU': 40.0 + x}) for x in (1, 2, 3)]
    results = {'M x=1': {0: {'mIoU': 42.0}}, 'M x=3': {0: {'mIoU': 41.0}, 5: {'mIoU': 44.0}}}
    table = Table('t', 'T', rows, paper=paper, classes=[])
    assert markdown_table(table, results).splitlines() == [
        '| M | x=1 | x=2 | x=3 |',
        '|---|---|---|---|',
        '| ours | 42.0 | - | 42.5 ± 2.1 |',
        '| seeds | 1 | 0 | 2 |',
        '| paper | 41.0 | 42.0 | 43.0 |',
        '| difference | +1.0 | - | -0.5 |',
    ]


def test_csv() -> None:
    table = own(paper=PAPER, classes=['road'])
    rows = list(csv.DictReader(io.StringIO(csv_table(table, RESULTS, 'oracle'))))
    by_cell = {(row['row'], row['column']): row for row in rows}
    cell = by_cell['B', 'mIoU']
    assert (float(cell['ours_mean']), int(cell['seeds'])) == (34.0, 2)
    assert abs(float(cell['ours_std']) - 18**0.5) < 1e-3
    assert (float(cell['paper']), float(cell['difference'])) == (34.5, -0.5)
    assert {row['checkpoint'] for row in rows} == {'oracle'}
    assert by_cell['Old [1]', 'IoU.road']['ours_mean'] == ''
    assert by_cell['A', 'IoU.road']['paper'] == ''


def test_classes_default_to_what_there_is() -> None:
    assert classes_of(own(), RESULTS) == ['road']
    assert classes_of(own(classes=['car']), RESULTS) == ['car']
