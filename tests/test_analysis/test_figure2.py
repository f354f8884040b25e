"""Confidence against IoU: the coefficients by hand, the picture, the command line on CamVid."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_maxsquare.analysis.figure2 import correlations, name_points, write_scatter
from mmseg_maxsquare.analysis.plots import axes
from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.runs.models import plain_model

from tests.helpers import REPO
from tests.helpers.tiny_data import make_camvid

CONFIG = REPO / 'configs/maxsquare/camvid_day2dusk.py'


def test_correlations_by_hand() -> None:
    """Deviations -1, 0, 1 and -4, -1, 5: Pearson 9 / sqrt(2 * 42); the ranks agree."""
    text = correlations(np.array([1.0, 2.0, 3.0]), np.array([0.0, 3.0, 9.0]))
    assert text == '3 classes, Pearson 0.98, Spearman 1.00'
    text = correlations(np.array([1.0, 2.0, 3.0]), np.array([9.0, 3.0, 0.0]))
    assert text == '3 classes, Pearson -0.98, Spearman -1.00'


@pytest.mark.parametrize('values', [[1.0, 2.0], [1.0, 1.0, 1.0], []])
def test_no_correlation(values: list) -> None:
    with pytest.raises(ValueError, match=f'no correlation over {len(values)} classes'):
        correlations(np.array(values), np.arange(len(values)))


def test_names_do_not_overlap() -> None:
    """Twelve classes in a corner; nearest to their dots they would cover each other."""
    (panel,) = axes(width=5.2, height=4.2)
    xs, ys = np.arange(12) % 4 + 0.0, np.arange(12) // 4 * 4.0
    panel.set(xlim=(-3, 12), ylim=(-8, 105))
    name_points(panel, np.array([f'class {i}' for i in range(12)]), xs, ys)
    boxes = [text.get_window_extent() for text in panel.texts]
    assert len(boxes) == 12
    assert all(box.count_overlaps(boxes[:i]) == 0 for i, box in enumerate(boxes))


def test_left_out_classes_are_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    values, iou = np.array([90.0, np.nan, 50.0, 70.0]), np.array([80.0, 0.0, 10.0, 45.0])
    names = ['road', 'train', 'pole', 'car']
    shown = np.array([True, False, True, True])
    title = write_scatter(tmp_path / 'f.png', names, 'confidence', values, iou, shown)
    assert title == '3 classes, Pearson 1.00, Spearman 1.00'
    assert capsys.readouterr().out == 'left out: train\n'
    assert (tmp_path / 'f.csv').read_text().splitlines() == [
        'class,confidence,IoU (%)',
        'road,90,80',
        'train,,',
        'pole,50,10',
        'car,70,45',
    ]


@pytest.fixture(scope='module')
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """CONFIG CHECKPOINT --cfg-options of an untrained network on a tiny CamVid."""
    folder = tmp_path_factory.mktemp('camvid')
    init_default_scope('mmseg')
    torch.manual_seed(3)
    model = MODELS.build(ConfigDict(plain_model(Config.fromfile(CONFIG)).model.to_dict()))
    for classifier in model.decode_head.classifiers:
        torch.nn.init.normal_(classifier.weight, std=0.3)
    for norm in filter(lambda m: isinstance(m, torch.nn.BatchNorm2d), model.modules()):
        norm.momentum = None  # measures: predictions differ from place to place
    for _ in range(5):
        model.train().backbone(2 * torch.rand(2, 3, 48, 64) - 1)
    torch.save(dict(state_dict=model.state_dict()), folder / 'model.pth')
    root = make_camvid(folder / 'CamVid', size=(48, 64))
    options = [
        f'test_dataloader.dataset.data_root={root}',
        'test_dataloader.dataset.pipeline.1.scale=(64,48)',
        'test_dataloader.num_workers=0',
        'test_dataloader.persistent_workers=False',
    ]
    return [str(CONFIG), str(folder / 'model.pth'), '--cfg-options', *options]


@pytest.mark.parametrize('figure', [('figure', '2'), ('figure', '4'), ('gradient-share',)])
def test_command(figure: tuple, command: list[str], tmp_path: Path) -> None:
    """From an adaptation's config to the picture and the CSV, one line for each class."""
    out = tmp_path / 'f.png'
    main([*figure, *command, '--device', 'cpu', '--out', str(out)])
    with out.with_suffix('.csv').open() as stream:
        rows = list(csv.reader(stream))
    assert len(rows) == 1 + (11 if figure[0] == 'figure' else 8 * (10 + 11))
    assert rows[1][0] == ('sky' if figure[0] == 'figure' else 'probabilities')
    assert out.stat().st_size > 5000


def test_a_checkpoint_that_lacks_a_tensor_is_refused(command: list[str], tmp_path: Path) -> None:
    """Never random weights in the place of what does not fit."""
    state = torch.load(command[1], weights_only=True)['state_dict']
    del state[next(key for key in state if key.startswith('backbone.'))]
    torch.save(dict(state_dict=state), tmp_path / 'other.pth')
    line = [command[0], str(tmp_path / 'other.pth'), *command[2:]]
    with pytest.raises(SystemExit, match='error: checkpoint: .*other.pth does not fit: it lacks 1'):
        main(['figure', '2', *line, '--out', str(tmp_path / 'f.png')])
