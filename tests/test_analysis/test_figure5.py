"""The sets of Figure 5 by hand, the order of its runs, and what it reads off their logs."""

import csv
import json
from pathlib import Path

import pytest
from mmengine.config import Config

from mmseg_maxsquare.analysis import runner as runs
from mmseg_maxsquare.analysis.figure5 import draw, measure, read_predictions, split
from mmseg_maxsquare.analysis.rows import Run
from mmseg_maxsquare.cli.main import main

from tests.helpers.processes import Ended

TASK = 'digits_mnist2uci'


def sure(*confidences: float) -> dict[str, tuple[float, bool]]:
    """Predictions of images a, b, c, ..."""
    return {chr(97 + i): (c, True) for i, c in enumerate(confidences)}


def test_split_takes_30_percent_rounded_down() -> None:
    """Of nine 2.7, so two; of ten three."""
    nine = sure(0.5, 0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6, 0.4)
    assert split(nine) == dict(top={'b', 'd'}, bottom={'c', 'e'})
    assert split(nine | dict(z=(1.0, False))) == dict(top={'z', 'b', 'd'}, bottom={'c', 'e', 'g'})


def test_split_of_equal_confidences_is_no_matter_of_class() -> None:
    """By a checksum of the names, whose order here is g c b f d a e."""
    assert split(sure(*[0.5] * 7)) == dict(top={'a', 'e'}, bottom={'c', 'g'})


def test_split_is_never_empty() -> None:
    assert split(sure(0.1, 0.9)) == dict(top={'b'}, bottom={'a'})


def test_read_predictions(tmp_path: Path) -> None:
    path = tmp_path / 'predictions.csv'
    path.write_text('image,truth,predicted,confidence\n"a, b.jpg",mug,mug,0.25\nc,pen,mug,1.0\n')
    assert read_predictions(path) == {'a, b.jpg': (0.25, True), 'c': (1.0, False)}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Run, Config]]:
    """Stands in for tools/train.py; the runs that were started.

    The source model is sure of image 9, then 8, ...; it is right about 9, 8, 7 and 0.
    """
    calls = []

    def call(run: Run, config: Path, work_dir: Path, cfg: Config, threads: int | None) -> Ended:
        calls.append((run, cfg))
        logs = work_dir / '20260101_120000/vis_data'
        logs.mkdir(parents=True)
        cfg.dump(logs / 'config.py')
        steps = cfg.train_cfg.max_iters
        lines = [{'loss': 1.0, 'step': steps}]
        lines += [{'aAcc': 50.0, 'top': 90.0, 'bottom': 30.0, 'step': steps // 2}]
        lines += [{'aAcc': 60.0, 'top': 95.0, 'bottom': 20.0, 'step': steps}]
        (logs / 'scalars.json').write_text('\n'.join(map(json.dumps, lines)))
        (work_dir / 'last_checkpoint').write_text(f'iter_{steps}.pth')
        (work_dir / f'iter_{steps}.pth').touch()
        if run.start is None:
            rows = [['image', 'truth', 'predicted', 'confidence']]
            rows += [[f'uci/{i}', 1, 1 if i in (0, 7, 8, 9) else 2, i / 10] for i in range(10)]
            with (work_dir / 'predictions.csv').open('w', newline='') as stream:
                csv.writer(stream).writerows(rows)
        return Ended()

    monkeypatch.setattr(runs, '_start', call)
    return calls


def test_measure(started: list, tmp_path: Path) -> None:
    """Accuracies of the source model by hand (4 of 10, 3 of 3, 1 of 3), then those logged."""
    points = list(measure(TASK, 3, tmp_path, {'train_cfg.max_iters': 40}))
    assert [p[:4] for p in points[:3]] == [
        ('EntMin', 'all', 3, 0),
        ('EntMin', 'top set', 3, 0),
        ('EntMin', 'bottom set', 3, 0),
    ]
    assert [p[4] for p in points[:3]] == pytest.approx([40, 100, 100 / 3])
    logged = [(20, 'all', 50), (20, 'top set', 90), (20, 'bottom set', 30)]
    logged += [(40, 'all', 60), (40, 'top set', 95), (40, 'bottom set', 20)]
    assert [(p[3], p[1], p[4]) for p in points[3:9]] == logged
    assert [('MaxSquare', *p[1:]) for p in points[:9]] == points[9:]
    top = (tmp_path / 'seed3/top.txt').read_text().split()
    assert (top, (tmp_path / 'seed3/bottom.txt').read_text().split()) == (
        ['uci/7', 'uci/8', 'uci/9'],
        ['uci/0', 'uci/1', 'uci/2'],
    )
    configs = [run.config for run, _ in started]
    assert configs == [f'{method}/{TASK}.py' for method in ('source_only', 'minent', 'maxsquare')]
    source, *adapted = (cfg for _, cfg in started)
    assert source.train_cfg.val_interval == 40
    for cfg in adapted:
        assert cfg.train_cfg.val_interval == 4  # ten times
        assert cfg.val_evaluator.subsets.top == str(tmp_path / 'seed3/top.txt')
        assert cfg.load_from == str(tmp_path / f'seed3/source_only/{TASK}/iter_40.pth')
        assert cfg.randomness.seed == 3
    assert list(measure(TASK, 3, tmp_path, {'train_cfg.max_iters': 40})) == points
    assert len(started) == 3  # what is finished is kept


def test_draw(tmp_path: Path) -> None:
    """The CSV has every point; the picture is of two seeds."""
    points = [
        (method, shown, seed, step, 10.0 * seed + step)
        for method in ('EntMin', 'MaxSquare')
        for shown in ('all', 'top set', 'bottom set')
        for seed in (0, 1)
        for step in (0, 5)
    ]
    draw(points, tmp_path / 'new/f.png')
    lines = (tmp_path / 'new/f.csv').read_text().splitlines()
    assert lines[0] == 'method,set,seed,step,accuracy (%)'
    assert lines[4] == 'EntMin,all,1,5,15' and len(lines) == 1 + len(points)
    assert (tmp_path / 'new/f.png').stat().st_size > 5000


def run(patch: pytest.MonkeyPatch, *arguments: object) -> None:
    main(['figure', '5', *map(str, arguments)])


def test_command(
    started: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Each seed once, though one is named twice."""
    run(monkeypatch, TASK, '--seeds', 0, 1, 0, '--out', tmp_path)
    assert len(started) == 6
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / 'figure5.png')
    assert len((tmp_path / 'figure5.csv').read_text().splitlines()) == 1 + 2 * 18


def test_errors_are_sentences(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known = 'digits_mnist2uci, digits_uci2mnist, office31_a2d, office31_a2w'
    with pytest.raises(SystemExit, match=f'error: no task gta2cs; the available tasks: {known}'):
        run(monkeypatch, 'gta2cs', '--out', tmp_path)
    with pytest.raises(SystemExit, match='error: --data: no folder /nowhere'):
        run(monkeypatch, TASK, '--data', '/nowhere', '--out', tmp_path)

    def broken(*args: object) -> None:
        raise RuntimeError('it broke')

    monkeypatch.setattr(runs, '_start', broken)
    with pytest.raises(SystemExit, match='error: it broke'):
        run(monkeypatch, TASK, '--out', tmp_path)
    assert not (tmp_path / 'figure5.png').exists()
