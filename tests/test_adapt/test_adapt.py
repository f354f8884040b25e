"""The command ``adapt`` from start to end on a tiny model."""

import csv
import json
import warnings
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.apis import init_model
from mmseg.registry import MODELS

from mmseg_maxsquare.engine import GuardHook
from mmseg_maxsquare.evaluation.guard import COLLAPSE, Choice

from .place import META, Place, add_source, make_place
from .report_case import Page
from tests.helpers.tiny_models import head_cfg, low_head_cfg

KEYS = ('decode_head.conv_seg.weight', 'backbone.bn1.weight', 'backbone.bn1.running_mean')
RESULTS = ('adapted.pth', 'config.py', 'indicators.csv', 'report.html', 'verdict.json')


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return make_place(tmp_path, monkeypatch, auxiliary_head=low_head_cfg())


def weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)['state_dict']


def test_results(place: Place, capsys: pytest.CaptureFixture) -> None:
    """All files; the weights fit the plain model, and only norm layers have moved."""
    out = place.adapt()
    assert all((out / name).is_file() for name in RESULTS)
    shown = capsys.readouterr().out
    assert 'images: 12 found, 12 read, 4 held out to judge the result' in shown
    assert 'size: 64 x 48 from the test pipeline of the config, crops of 32 x 32' in shown
    assert 'BatchNorm, 0 LayerNorm; ' in shown
    verdict = json.loads((out / 'verdict.json').read_text())
    assert f'verdict: {verdict["verdict"]}' in shown
    assert f'mmseg-maxsquare predict config.py {Path("out/adapted.pth")}' in shown

    before, after = weights(place.root / 'model.pth'), weights(out / 'adapted.pth')
    MODELS.build(place.cfg.model).load_state_dict(after)  # strictly
    moved = {key for key in after if not torch.equal(before[key], after[key])}
    norms = {key.removesuffix('running_mean') for key in before if key.endswith('running_mean')}
    assert {key.rpartition('.')[0] + '.' for key in moved} <= norms
    assert not any(key.startswith('auxiliary_head') for key in moved)

    with (out / 'indicators.csv').open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row['name'] for row in rows] == ['source', 'statistics', 'step 4']
    assert float(rows[0]['share_divergence']) == pytest.approx(0, abs=1e-6)
    assert float(rows[0]['retained']) == 1


def test_weights_in_mmseg(place: Place) -> None:
    """``init_model`` takes them with the user's config and finds classes, without a warning."""
    out = place.adapt()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        warnings.filterwarnings('ignore', 'Default ``avg_non_ignore``')  # of the user's config
        model = init_model('config.py', str(out / 'adapted.pth'), device='cpu')
    assert list(model.dataset_meta['classes']) == META['classes']
    assert model.dataset_meta['palette'] == META['palette']


def test_same_call_again(place: Place, capsys: pytest.CaptureFixture) -> None:
    """It prints the verdict and changes nothing; other arguments are refused."""
    out = place.adapt()
    times = {path: path.stat().st_mtime_ns for path in out.rglob('*')}
    capsys.readouterr()
    place.adapt()
    assert capsys.readouterr().out.startswith('verdict: ')
    assert {path: path.stat().st_mtime_ns for path in out.rglob('*')} == times
    with pytest.raises(SystemExit, match=r'other arguments \(lr: 0.001 there, 0.01 now\)'):
        place.adapt('--lr', '1e-2')


def test_dry_run(place: Place, capsys: pytest.CaptureFixture) -> None:
    """It writes a config that ``train`` can run, and trains nothing; the run may follow."""
    out = place.adapt('--dry-run')
    assert sorted(path.name for path in out.iterdir()) == [
        'adapt.json', 'config.py', 'held_out.txt', 'train.txt',
    ]  # fmt: skip
    assert 'time: about' in capsys.readouterr().out
    cfg = Config.fromfile(out / 'config.py')
    assert cfg.train_dataloader.dataset.source is None
    assert cfg.model.type == 'UDAEncoderDecoder'
    assert len((out / 'train.txt').read_text().splitlines()) == 8
    assert len((out / 'held_out.txt').read_text().splitlines()) == 4
    place.adapt()
    assert (out / 'verdict.json').is_file()


def test_stopped_and_resumed(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Ctrl-C names the command that goes on, which ends as a run without a stop."""
    whole = place.adapt('--steps', '6', out='whole')

    options = ('--steps', '6', '--dry-run')
    out = place.adapt(*options)
    config = (out / 'config.py').read_text()
    (out / 'config.py').write_text(config.replace('interval=50', 'interval=2'))
    monkeypatch.setattr('sys.argv', ['mmseg-maxsquare', 'adapt', 'config.py'])
    original = GuardHook.after_train_iter

    def stop(self: GuardHook, runner: Runner, *args: object, **kwargs: object) -> None:
        original(self, runner, *args, **kwargs)
        if runner.iter == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(GuardHook, 'after_train_iter', stop)
        with pytest.raises(SystemExit) as end:
            place.adapt('--steps', '6')
    assert end.value.code == 130
    assert 'this goes on:\n  mmseg-maxsquare adapt config.py' in capsys.readouterr().err
    assert (out / 'run/iter_2.pth').is_file()
    place.adapt('--steps', '6')
    one, other = weights(whole / 'adapted.pth'), weights(out / 'adapted.pth')
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert (whole / 'indicators.csv').read_text() == (out / 'indicators.csv').read_text()


def test_labels_only_score(place: Place, capsys: pytest.CaptureFixture) -> None:
    """The same weights with and without labels; the score is that of all labelled images."""
    plain, scored = place.adapt(), place.adapt('--labels', 'labels', out='scored')
    one, other = weights(plain / 'adapted.pth'), weights(scored / 'adapted.pth')
    assert all(torch.equal(one[key], other[key]) for key in one)
    scores = json.loads((scored / 'verdict.json').read_text())['scores']
    assert 0 < scores['before'] < 40 and 0 < scores['after'] < 40  # random labels
    assert (scores['images'], scores['trained']) == (12, 8)
    shown = capsys.readouterr().out
    assert f'with labels: mIoU {scores["before"]:.1f} ' in shown
    assert ', on 12 images, 8 of which were trained on' in shown


@pytest.mark.parametrize(('weights', 'second'), [(True, 'rejected adaptation'), (False, 'again')])
def test_the_rejected_adaptation_is_shown(
    weights: bool, second: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the source model, which is written; without its weights nothing is compared."""
    choice = Choice(0, COLLAPSE, ['The class shares differ.'])
    monkeypatch.setattr('mmseg_maxsquare.adapt.result.choose', lambda rows: choice)
    if not weights:
        monkeypatch.setattr('mmseg_maxsquare.adapt.result.rejected_look', lambda *_: None)
    out = place.adapt('--labels', 'labels', '--lr', '0.1')
    scores = json.loads((out / 'verdict.json').read_text())['scores']
    assert scores['after'] == scores['before']
    page = Page((out / 'report.html').read_text(encoding='utf-8'))
    assert page.find('span', class_='tag')[2].endswith(second)
    parts = [text for text in page.find('p') if text.endswith('changed their label')]
    if weights:
        assert scores['rejected'] != scores['before']
        assert 'The source model and the rejected adaptation' in page.find('h2')
        assert any('Rejected is the model after 4 steps' in text for text in page.find('p'))
        assert not parts[0].startswith('changed most 0.0 %')
    else:
        assert 'The source model' in page.find('h2') and not parts
    before, after = (torch.load(p, weights_only=True) for p in ('model.pth', out / 'adapted.pth'))
    assert all(torch.equal(after['state_dict'][k], before['state_dict'][k]) for k in KEYS)


def test_head_with_a_single_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mmseg's usual binary head."""
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True)
    head = head_cfg(num_classes=2, out_channels=1, threshold=0.3, loss_decode=loss)
    place = make_place(tmp_path, monkeypatch, decode_head=head)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        meta = dict(classes=['back', 'front'], palette=[[0, 0, 0], [255, 0, 0]])
        place.cfg[name].dataset.metainfo = meta
    place.write()
    out = place.adapt()
    assert weights(out / 'adapted.pth')['decode_head.conv_seg.weight'].shape[0] == 1


def test_few_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """A single image is trained on and looked at, and the plan says so."""
    place = make_place(tmp_path, monkeypatch, photos=1)
    out = place.adapt()
    assert 'all used to train and to judge the result' in capsys.readouterr().out
    assert (out / 'verdict.json').is_file()


def test_with_source(place: Place, capsys: pytest.CaptureFixture) -> None:
    """Source images train, too, through a wrapper; statistics are the target's alone."""
    add_source(place)
    inner = place.cfg.train_dataloader.dataset
    place.cfg.train_dataloader.dataset = dict(type='RepeatDataset', times=2, dataset=inner)
    place.write()
    out = place.adapt('--with-source')
    assert 'mode: target images and the training data' in capsys.readouterr().out
    with (out / 'indicators.csv').open() as stream:
        assert all(0 < float(row['source_mIoU']) < 40 for row in csv.DictReader(stream))
    alone = place.adapt(out='alone')
    one, other = (weights(each / 'run/guard/step_4.pth') for each in (out, alone))
    assert not torch.equal(one['backbone.bn1.weight'], other['backbone.bn1.weight'])


def test_killed_while_preparing(place: Place) -> None:
    """Lists that were left without a record do not block the folder."""
    out = place.adapt('--dry-run')
    (out / 'adapt.json').unlink()
    place.adapt('--dry-run')
    assert (out / 'adapt.json').is_file()
