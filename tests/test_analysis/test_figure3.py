"""Distances to a decision boundary: by hand, and for two checkpoints on a tiny Office-31."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_maxsquare.analysis import figure3
from mmseg_maxsquare.analysis.figure3 import most_confused, project
from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.runs.models import load_classifier

from tests.helpers import REPO
from tests.helpers.tiny_data import make_office31

TINY = f"""
_base_ = '{REPO}/configs/maxsquare/office31_a2w.py'
model = dict(
    backbone=dict(pretrained=None, depth=18, stem_channels=8, base_channels=8), in_channels=64
)
test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(pipeline=[
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    dict(type='PackClassInputs'),
]))
"""


def test_project_by_hand() -> None:
    """Boundary 3 x + 4 y = 5, normal (3, 4, 0) / 5; the reference varies most along (4, -3, 0)."""
    along, up = np.array([4.0, -3.0, 0.0]), np.array([0.0, 0.0, 1.0])
    reference = np.array([2 * along, -2 * along, up, -up]) + [30.0, 40.0, 1.0]
    points = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 7.0], [5.0, -2.5, 0.0]])
    found = project(points, np.array([3.0, 4.0, 0.0]), -5.0, reference)
    # (9 + 16 - 5) / 5, -5 / 5, (15 - 10 - 5) / 5; points @ (4, -3, 0) / 5
    np.testing.assert_allclose(found, [[4, 0], [-1, 0], [0, 5.5]], atol=1e-12)


def test_axes_of_project_are_orthogonal() -> None:
    """A step across the boundary changes the distance alone, whatever the reference is."""
    rng = np.random.default_rng(0)
    points, reference = rng.normal(size=(5, 8)), rng.normal(size=(20, 8))
    weight = rng.normal(size=8)
    unit = weight / np.linalg.norm(weight)
    before, after = (project(p, weight, 0.3, reference) for p in (points, points + 2 * unit))
    np.testing.assert_allclose(after - before, [[2, 0]] * 5, atol=1e-12)


def test_most_confused_counts_both_directions() -> None:
    """0 for 2 twice and 2 for 0 once, against 1 for 2 twice; what is right does not count."""
    labels, predicted = [0, 0, 2, 1, 1, 1, 1, 1], [2, 2, 0, 2, 2, 1, 1, 1]
    assert most_confused(np.array(labels), np.array(predicted), 3) == (0, 2)


def test_most_confused_when_all_is_right() -> None:
    assert most_confused(np.array([0, 1, 2]), np.array([0, 1, 2]), 3) == (0, 1)


@pytest.fixture(scope='module')
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, ``tiny.py`` and the checkpoints of two untrained models."""
    folder = tmp_path_factory.mktemp('figure3')
    make_office31(folder / 'data/office31')
    (folder / 'tiny.py').write_text(TINY)
    init_default_scope('mmseg')
    model = Config.fromfile(folder / 'tiny.py').model
    for seed, name in enumerate(('before', 'after')):
        torch.manual_seed(seed)
        torch.save(dict(state_dict=MODELS.build(model).state_dict()), folder / f'{name}.pth')
    return folder


def run(place: Path, patch: pytest.MonkeyPatch, *options: str, **named: str) -> None:
    """The command; ``named`` are other files than those of the place."""
    names = dict(tiny='tiny.py', before='before.pth', after='after.pth') | named
    files = [str(place / name) for name in names.values()]
    patch.setenv('MMSEG_MAXSQUARE_DATA', str(place / 'data'))
    main(['figure', '3', *files, '--device', 'cpu', *options])


def test_command(place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A point for each image of two classes, both domains and models; distances by the logits."""
    out = tmp_path / 'f.png'
    run(place, monkeypatch, '--classes', 'mug', 'bike', '--out', str(out))
    with out.with_suffix('.csv').open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(r['model'], r['domain'], r['class']) for r in rows] == [
        (model, domain, name)
        for model in ('before', 'after')
        for domain in ('source', 'target')
        for name in ('mug', 'bike')
    ]
    assert out.stat().st_size > 5000
    cfg = Config.fromfile(place / 'tiny.py')
    model = load_classifier(cfg, str(place / 'after.pth'), 'after')
    target = figure3.extract(model, figure3.loaders(cfg)['target'])
    assert target.labels.tolist() == list(range(31))
    logits = model.classifier(torch.from_numpy(target.values)).detach().numpy()[17]  # of the mug
    weight = model.classifier.weight.detach().numpy()
    expected = (logits[1] - logits[17]) / np.linalg.norm(weight[1] - weight[17])
    assert float(rows[6]['distance']) == pytest.approx(expected, rel=1e-4)


def test_classes_that_are_not_given(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    """The first model calls all images one class: the pair is that class and another."""
    state = torch.load(place / 'before.pth', weights_only=True)['state_dict']
    state['classifier.bias'][5] = 1e4
    torch.save(dict(state_dict=state), tmp_path / 'calculators.pth')
    other = str(tmp_path / 'calculators.pth')
    run(place, monkeypatch, '--out', str(tmp_path / 'f.png'), before=other)
    assert capsys.readouterr().out.endswith('f.png: classes back_pack and calculator\n')


@pytest.mark.parametrize(
    ('options', 'files', 'message'),
    [
        (['--classes', 'mug', 'cup'], {}, '--classes: mug and cup; name two of back_pack, bike'),
        (['--classes', 'mug', 'mug'], {}, '--classes: mug and mug; name two of'),
        ([], dict(before='no.pth'), 'before: no file .*no.pth; a training run writes them'),
        ([], dict(after='other.pth'), "after: .*other.pth does not fit: it lacks 1 of the model's"),
        ([], dict(after='tiny.py'), 'after: .*tiny.py'),
        ([], dict(tiny='plain.py'), 'config: .*plain.py is not an adaptation of a classifier'),
        ([], dict(tiny='empty.py'), 'config: .*empty.py is not an adaptation of a classifier'),
        ([], dict(tiny='gone.py'), '.*Office31Dataset: no folder .*dslr/images; expected'),
        (['--device', 'cuda:77'], {}, '--device: cuda:77 cannot be used'),
    ],
)
def test_errors_are_sentences(
    options: list[str],
    files: dict,
    message: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    state = torch.load(place / 'after.pth', weights_only=True)['state_dict']
    del state['classifier.bias']
    torch.save(dict(state_dict=state), place / 'other.pth')
    (place / 'plain.py').write_text(f"_base_ = '{REPO}/configs/source_only/office31_a2w.py'")
    (place / 'empty.py').write_text("default_scope = 'mmseg'")
    shutil.rmtree(place / 'data/office31/dslr', ignore_errors=True)
    (place / 'gone.py').write_text(TINY.replace('dataset=dict(', "dataset=dict(domain='dslr', "))
    with pytest.raises(SystemExit, match=f'^error: {message}'):
        run(place, monkeypatch, *options, '--out', str(tmp_path / 'f.png'), **files)
    assert not (tmp_path / 'f.png').exists()
