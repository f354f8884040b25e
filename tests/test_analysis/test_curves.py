"""Training curves: what is read off the logs, and what is written."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmseg_maxsquare.analysis import curves
from mmseg_maxsquare.cli.main import main

from tests.helpers import REPO


def write_log(work_dir: Path, start: str, *lines: dict) -> Path:
    """Log records as mmengine leaves them of one start; the last line is torn."""
    folder = work_dir / start / 'vis_data'
    folder.mkdir(parents=True)
    text = '\n'.join(map(json.dumps, lines)) + '\n{"loss": 9'
    (folder / 'scalars.json').write_text(text)
    return work_dir


def test_quantities_of_an_adaptation() -> None:
    """Terms of one level are added; statistics and accuracies enter no loss."""
    line = {
        'loss': 0.5, 'lr': 0.01, 'base_lr': 0.02, 'step': 20, 'time': 3.0,
        'source.decode.loss_ce': 0.25, 'source.decode.loss_dice': 0.5,
        'source.decode.acc_seg': 90.0, 'source.aux.loss_ce': 0.125,
        'target.loss_max_square': -0.0625, 'target.loss_guidance': 0.03125,
        'target.guided_share': 0.75, 'target.confidence': 0.875, 'target.entropy': 0.375,
        'target.top_share': 0.5,
    }  # fmt: skip
    assert curves.curves_of([line, {'target_share/sky': 0.2, 'step': 20}]) == {
        'total loss': {20: 0.5},
        'source loss, final level': {20: 0.75},
        'source loss, low level': {20: 0.125},
        'target loss (weighted)': {20: -0.0625},
        'guidance loss (weighted)': {20: 0.03125},
        'target confidence': {20: 0.875},
        'target entropy (nats)': {20: 0.375},
        'guided share of the target': {20: 0.75},
        'learning rate': {20: 0.01},
    }


@pytest.mark.parametrize('key', ['decode.loss_ce', 'loss_ce', 'source.loss_ce'])
def test_source_loss_of_other_runs(key: str) -> None:
    """Supervised segmentors and classifiers have it under other names."""
    found = curves.curves_of([{'loss': 2.0, key: 1.0, 'step': 1}])
    assert found == {'total loss': {1: 2.0}, 'source loss, final level': {1: 1.0}}


def test_main_metric() -> None:
    assert curves.curves_of([{'mIoU': 30.0, 'aAcc': 80.0, 'step': 9}]) == {'mIoU (%)': {9: 30.0}}
    assert curves.curves_of([{'aAcc': 80.0, 'mAcc': 70.0, 'step': 9}]) == {
        'accuracy (%)': {9: 80.0}
    }


def test_a_resumed_run_counts_once(tmp_path: Path) -> None:
    """The later start overwrites steps that both logged, and keeps those before."""
    write_log(tmp_path, '20260102_000000', {'loss': 30.0, 'step': 30}, {'loss': 40.0, 'step': 40})
    write_log(tmp_path, '20260101_000000', *({'loss': float(i), 'step': i} for i in (10, 20, 30)))
    assert curves.read_run('A', tmp_path) == {
        'total loss': {10: 10.0, 20: 20.0, 30: 30.0, 40: 40.0}
    }


def test_smooth() -> None:
    """Means of three, of two at the ends; a window of one changes nothing."""
    values = np.array([0.0, 3.0, 6.0, 0.0])
    assert curves.smooth(values, 3).tolist() == [1.5, 3.0, 3.0, 3.0]
    assert curves.smooth(values, 1).tolist() == values.tolist()


def test_styles_differ() -> None:
    looks = {(s['color'], str(s['linestyle'])) for s in map(curves.style, range(49))}
    assert len(looks) == 49


def test_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """A panel for what any run has; the CSV holds the logged numbers, not the smoothed."""
    values = [float(i % 2) for i in range(100)]
    lines = ({'loss': v, 'step': 10 * i} for i, v in enumerate(values))
    write_log(tmp_path / 'a', '20260101_000000', *lines)
    write_log(tmp_path / 'b', '20260101_000000', {'loss': 0.5, 'step': 7}, {'mIoU': 25, 'step': 8})
    out = tmp_path / 'made/curves.png'
    given = ['curves', f'A={tmp_path}/a', f'B={tmp_path}/b', '--out', str(out)]
    main(given)
    assert str(out) in capsys.readouterr().out
    rows = list(csv.DictReader(out.with_suffix('.csv').read_text().splitlines()))
    assert [float(row['value']) for row in rows if row['run'] == 'A'] == values
    assert [tuple(row.values()) for row in rows if row['run'] == 'B'] == [
        ('B', 'total loss', '7', '0.5'),
        ('B', 'mIoU (%)', '8', '25'),
    ]
    height, width, _ = cv2.imread(str(out)).shape
    assert (height, width) == (390, 1200)  # two panels of 4.0 x 2.6 inches at 150 dpi


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['A'], "error: 'A' is not of the form NAME=PATH"),
        (['A='], "error: 'A=' is not of the form NAME=PATH"),
        (['A=x', 'A=y'], "error: the name 'A' is given twice"),
        (['A=/nowhere'], 'error: A: no folder /nowhere'),
        (['A=docs'], 'error: A: no training is logged in docs'),
        (['A=docs', '--out', 'x.csv'], 'error: --out: x.csv must end in .png'),
        (['A=docs', '--out', 'README.md/x.png'], 'error: --out: README.md'),
    ],
)
def test_errors_are_sentences(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPO)
    with pytest.raises(SystemExit) as end:
        main(['curves', *arguments])
    assert str(end.value).startswith(message)
