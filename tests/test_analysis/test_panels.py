"""Panels: how much models differ, which images are shown, and what is written."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from mmseg_maxsquare.analysis import panels
from mmseg_maxsquare.analysis import table as run_table
from mmseg_maxsquare.analysis.pictures import DPI, TILE
from mmseg_maxsquare.analysis.rows import Row, Run, Table
from mmseg_maxsquare.cli.main import main

from tests.helpers.tiny_data import make_camvid
from tests.helpers.tiny_models import backbone_cfg, head_cfg, low_head_cfg, uda_cfg

CLASSES = 11
IMAGES = ['0001TP_008550.png', '0001TP_008580.png']


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command sets for its own process ends with the test."""
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '1')
    monkeypatch.setenv('LOCAL_RANK', '0')


def save_constant(path: Path, model: dict, final: int, low: int) -> None:
    """A checkpoint that is certain of one class everywhere, on either level."""
    built = MODELS.build(Config(dict(model=model)).model)
    for head, label in ((built.decode_head, final), (built.auxiliary_head, low)):
        torch.nn.init.zeros_(head.conv_seg.weight)
        head.conv_seg.bias.data = 50.0 * torch.eye(CLASSES)[label]
    torch.save(dict(state_dict=built.state_dict()), path)


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config on tiny data, and checkpoints that predict one class each."""
    folder = tmp_path_factory.mktemp('panels')
    heads = dict(
        decode_head=head_cfg(num_classes=CLASSES),
        auxiliary_head=low_head_cfg(num_classes=CLASSES),
    )
    model = uda_cfg(backbone=backbone_cfg(pretrained=None), guidance=dict(threshold=0.9), **heads)
    steps = ('LoadImageFromFile', 'LoadAnnotations', 'PackSegInputs')
    dataset = dict(
        type='CamVidDataset',
        data_root=str(make_camvid(folder / 'CamVid')),
        data_prefix=dict(img_path='test', seg_map_path='testannot'),
        drives=('0001TP',),
        pipeline=[dict(type=step) for step in steps],
    )
    imports = dict(imports=['mmseg_maxsquare'], allow_failed_imports=False)
    common = dict(default_scope='mmseg', custom_imports=imports)
    full = Config(dict(model=model, test_dataloader=dict(dataset=dataset), **common))
    full.dump(folder / 'config.py')
    full.test_dataloader.dataset.pipeline.pop(1)
    full.dump(folder / 'unlabelled.py')
    Config(dict(model=model, **common)).dump(folder / 'no_data.py')
    save_constant(folder / 'three.pth', model, final=3, low=3)
    save_constant(folder / 'five.pth', model, final=5, low=5)
    state = torch.load(folder / 'five.pth')['state_dict']
    upper = {k: v for k, v in state.items() if 'auxiliary' not in k}
    torch.save(dict(state_dict=upper), folder / 'one_level.pth')
    state['decode_head.conv_seg.bias'] = torch.zeros(4)
    torch.save(dict(state_dict=state), folder / 'four_classes.pth')
    return folder


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, config: str, *arguments: str) -> None:
    monkeypatch.chdir(folder)
    main(['panels', config, *arguments, '--device', 'cpu'])


def test_what_is_shown(folder: Path) -> None:
    """Titles with the numbers of the image, and the tiles that go with them."""
    checkpoints = {'A': folder / 'three.pth', 'B': folder / 'five.pth'}
    result = panels.compare(Config.fromfile(folder / 'config.py'), checkpoints, 1, 1)
    assert result.shares == [(name, 1.0) for name in IMAGES]
    first, second = result.examples
    assert first.heading == (
        f'{IMAGES[0]}: most different (1), models differ on 100.0% of the labelled pixels'
    )
    assert second.heading.startswith(f'{IMAGES[1]}: at random (seed 0)')
    label = cv2.imread(str(folder / 'CamVid/testannot' / IMAGES[0]), cv2.IMREAD_UNCHANGED)
    label = label[label < CLASSES]  # 11 is unlabelled
    scores = [100 * (label == c).mean() / len(np.union1d(label, [c])) for c in (3, 5)]
    assert [title for title, _ in first.upper] == [
        'image', f'A: mIoU {scores[0]:.1f}', f'B: mIoU {scores[1]:.1f}',
        'its guidance (Eq. 15): 100%',
    ]  # fmt: skip
    assert [title for title, _ in first.lower] == ['truth', 'confidence of A', 'confidence of B']
    colours = list(result.classes.values())
    for tile, label in zip((p for _, p in first.upper[1:]), (3, 5, 5), strict=True):
        assert (tile == colours[label]).all()


def test_a_plain_config_shows_no_guidance(folder: Path) -> None:
    config = Config.fromfile(folder / 'config.py')
    config.model.pop('guidance')
    checkpoints = {'A': folder / 'three.pth', 'B': folder / 'one_level.pth'}
    example = panels.compare(config, checkpoints, 0, 1).examples[0]
    assert [len(example.upper), len(example.lower)] == [3, 3]


def test_pictures_of_a_table(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the rows that it names, with image and truth and without."""
    config = Config.fromfile(folder / 'config.py')
    monkeypatch.setattr(run_table, 'prepare', lambda *_: config)
    monkeypatch.setattr(run_table, 'last_checkpoint', lambda path: folder / f'{path.name}.pth')
    rows = [Row(name, Run(f'{name}.py')) for name in ('three', 'unseen', 'five')]
    table = Table('own', 'Own', rows, pictures=['three', 'five'])
    run_table.write_pictures(table, 0, tmp_path, tmp_path, lambda cfg: None)
    sheet, predictions = (
        cv2.imread(str(tmp_path / f'{name}.png')) for name in ('sheet', 'predictions')
    )
    assert sheet.shape[1] - predictions.shape[1] == round(TILE * DPI)


def test_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """The same model twice: no disagreement, said in the CSV for every image."""
    out = folder / 'made/panels.png'
    run(monkeypatch, folder, 'config.py', 'A=five.pth', 'B=five.pth', '--out', str(out))
    rows = list(csv.DictReader(out.with_suffix('.csv').read_text().splitlines()))
    assert rows == [dict(image=name, disagreement='0') for name in IMAGES]
    assert out.stat().st_size > 5000
    captured = capsys.readouterr()
    assert str(out) in captured.out and 'compare: 2 of 2' in captured.err


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['config.py', 'A=five.pth'], 'panels compare two checkpoints at least'),
        (['config.py', 'A=five.pth', 'five.pth'], "'five.pth' is not of the form NAME=PATH"),
        (['config.py', 'A=five.pth', 'A=three.pth'], "the name 'A' is given twice"),
        (['config.py', 'A=five.pth', 'B=no.pth'], 'B: no.pth: no such file'),
        (['config.py', 'A=four_classes.pth', 'B=five.pth'], 'A: four_classes.pth does not fit: 1'),
        (['config.py', 'A=five.pth', 'B=one_level.pth'], 'B: one_level.pth does not fit: it lacks'),
        (['no_data.py', 'A=five.pth', 'B=five.pth'], 'the config has no test_dataloader'),
        (['unlabelled.py', 'A=five.pth', 'B=five.pth'], 'test_dataloader.dataset gives no labels'),
        (['nowhere.py', 'A=five.pth', 'B=five.pth'], 'config: no file nowhere.py'),
        (['config.py', 'A=a', 'B=b', '--out', 'x.jpg'], '--out: x.jpg must end in .png'),
        (['config.py', 'A=a', 'B=b', '--random', '-1'], '--differing and --random must be at'),
    ],
)
def test_errors_are_sentences(
    arguments: list[str], message: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, folder, *arguments)
    assert str(end.value).startswith(f'error: {message}')
    assert not (folder / 'work_dirs/figures/panels.png').exists()
