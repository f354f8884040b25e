"""The command ``adapt`` from start to end on a tiny model."""

import csv
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.apis import init_model
from mmseg.registry import MODELS

from mmseg_maxsquare.adapt.plan import looks_of
from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.evaluation.guard import COLLAPSE, Choice

from .place import META, SIZE, Place, add_source, make_place, weights
from .report_case import Page
from tests.helpers.tiny_data import save_label
from tests.helpers.tiny_models import backbone_cfg, build_model, head_cfg, low_head_cfg

KEYS = ('decode_head.conv_seg.weight', 'backbone.bn1.weight', 'backbone.bn1.running_mean')
RESULTS = ('adapted.pth', 'config.py', 'indicators.csv', 'report.html', 'verdict.json')


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return make_place(tmp_path, monkeypatch, auxiliary_head=low_head_cfg())


def test_results(place: Place, capsys: pytest.CaptureFixture) -> None:
    """All files; the weights fit the plain model, and only norm layers have moved."""
    out = place.adapt()
    assert all((out / name).is_file() for name in RESULTS)
    shown = capsys.readouterr().out
    assert 'images: 12 found, 12 read, 4 held out to judge the result, 4 looked at' in shown
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
    assert ', on 12 of 12 images, 8 of which were trained on' in shown


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
    shown = capsys.readouterr().out
    assert 'all used to train and to judge the result' in shown and '1 looked at' in shown
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


def test_labels_are_checked_after_a_dry_run(place: Place) -> None:
    place.adapt('--dry-run')
    with pytest.raises(SystemExit, match='--labels: no folder nosuch'):
        place.adapt('--labels', 'nosuch')


def test_auxiliary_head_of_another_shape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """All other weights are the checkpoint's; the head that does not fit is left out."""
    place = make_place(tmp_path, monkeypatch, auxiliary_head=low_head_cfg())
    place.cfg.model.auxiliary_head.channels = 12
    place.write()
    out = place.adapt()
    assert 'weights of auxiliary heads do not fit the config' in capsys.readouterr().out
    before, after = weights(place.root / 'model.pth'), weights(out / 'adapted.pth')
    plain = build_model({**place.cfg.model, 'auxiliary_head': None})
    plain.load_state_dict(after)  # strictly
    assert all(torch.equal(before[key], v) for key, v in after.items() if v.ndim == 4)
    add_source(place)
    with pytest.raises(SystemExit, match='auxiliary heads are trained --with-source'):
        place.adapt('--with-source', out='other')


def test_grey_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of images with one channel."""
    grey = dict(type='SegDataPreProcessor', mean=[110.0], std=[55.0])
    model = dict(data_preprocessor=grey, backbone=backbone_cfg(in_channels=1))
    place = make_place(tmp_path, monkeypatch, **model)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        place.cfg[name].dataset.pipeline[0].color_type = 'grayscale'
    place.write()
    out = place.adapt('--steps', '2')
    assert weights(out / 'adapted.pth')['backbone.conv1.weight'].shape[1] == 1


def test_the_decision_is_that_of_predict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own predictions as labels, a model with a threshold scores 100."""
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True)
    head = head_cfg(num_classes=2, out_channels=1, threshold=0.1, loss_decode=loss)
    place = make_place(tmp_path, monkeypatch, decode_head=head)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        place.cfg[name].dataset.metainfo = dict(classes=['back', 'front'])
    place.write()
    main(['predict', 'config.py', 'model.pth', 'photos', '--out', 'own', '--no-overlays'])
    out = place.adapt('--labels', 'own/labels')
    assert json.loads((out / 'verdict.json').read_text())['scores']['before'] == 100


def test_at_least_four_images_are_looked_at(place: Place, capsys: pytest.CaptureFixture) -> None:
    """Also where looks are dear; plan and report give the number."""
    assert [looks_of((4000, 4000), (32, 32), held) for held in (3, 4, 9)] == [3, 4, 4]
    out = place.adapt('--steps', '1', fields=['custom_hooks.0.images=3'])
    assert '4 held out to judge the result, 3 looked at' in capsys.readouterr().out
    text = (out / 'report.html').read_text()
    assert '8 to train on, 4 held out to judge the result, 3 looked at' in text


def test_with_source_without_validation_data(place: Place, capsys: pytest.CaptureFixture) -> None:
    """They are only shown, so the run goes on without them, and says which are missing."""
    add_source(place)
    place.cfg.val_dataloader.dataset.data_root = 'elsewhere'
    place.write()
    out = place.adapt('--with-source', '--steps', '1')
    shown = capsys.readouterr().out
    assert 'note: val_dataloader.dataset.data_root: no folder elsewhere; the source' in shown
    assert 'source_mIoU' not in (out / 'indicators.csv').read_text()


def test_damaged_label_of_the_source(place: Place) -> None:
    """It is named."""
    add_source(place)
    (place.root / 'nowhere/labels/0.png').write_bytes(b'no image')
    place.cfg.val_dataloader = None
    place.write()
    with pytest.raises(
        SystemExit, match=r'label file nowhere/labels/0.png is not a readable image'
    ):
        place.adapt('--with-source')


def test_a_diverged_run_is_a_collapse(place: Place, capsys: pytest.CaptureFixture) -> None:
    """The source model is kept, and the same call again says so."""
    out = place.adapt('--lr', '1e20', '--params', 'all', '--steps', '30')
    verdict = json.loads((out / 'verdict.json').read_text())
    assert verdict['verdict'] == 'collapse, source model kept' and verdict['chosen'] == 'source'
    assert 'is not finite. Lower --lr' in verdict['reasons'][0]
    for key, value in weights(out / 'adapted.pth').items():
        assert torch.equal(value, weights(Path('model.pth'))[key])
    capsys.readouterr()
    place.adapt('--lr', '1e20', '--params', 'all', '--steps', '30')
    assert 'collapse, source model kept' in capsys.readouterr().out


def test_labels_without_a_labelled_pixel(place: Place) -> None:
    for path in Path('labels').rglob('*.png'):
        save_label(path, np.full(SIZE, 255, np.uint8))
    with pytest.raises(SystemExit, match='--labels: all pixels of the 12 label files in labels'):
        place.adapt('--labels', 'labels')


def test_the_preprocessor_of_the_whole_config(place: Place) -> None:
    """mmengine puts it into the model; without any, images would not be normalised."""
    own = place.cfg.model.pop('data_preprocessor')
    place.cfg.data_preprocessor = dict(own, mean=[1.0, 2.0, 3.0], std=[4.0, 5.0, 6.0])
    place.write()
    model = Config.fromfile(place.adapt('--dry-run') / 'config.py').model
    assert model.data_preprocessor.mean == [1.0, 2.0, 3.0]
    place.cfg.pop('data_preprocessor')
    place.write()
    with pytest.raises(SystemExit, match='model.data_preprocessor is missing'):
        place.adapt(out='other')


@pytest.mark.parametrize(
    ('meta', 'message'),
    [
        (dict(classes=META['classes'], palette=[[300, 2, 3]] * 4), 'dataset_meta.palette must be'),
        (dict(classes=META['classes'], palette=[[1, 2, 3, 4]] * 4), 'dataset_meta.palette must be'),
        (dict(classes=META['classes'], palette=[[0.5, 1, 0]] * 4), 'dataset_meta.palette must be'),
        (dict(classes=META['classes'], palette=[1, 2, 3, 4]), 'dataset_meta.palette must be'),
        (dict(classes={0: 'a'}), 'dataset_meta.classes must be a list of names'),
        ('cityscapes', 'meta.dataset_meta must be dicts'),
    ],
)
def test_meta_of_another_kind(meta: object, message: str, place: Place) -> None:
    content = torch.load('model.pth', weights_only=True)
    torch.save({**content, 'meta': dict(dataset_meta=meta)}, 'model.pth')
    with pytest.raises(SystemExit, match=f'error: checkpoint: .*{message}'):
        place.adapt()
    assert not Path('out').exists()


def test_blocks_of_a_shuffled_list_are_contiguous(place: Place) -> None:
    """What is held out is the end of each folder, whatever the order of the list."""
    paths = sorted(Path('photos').rglob('*.png'))
    Path('list.txt').write_text('\n'.join(str(paths[i * 5 % 12]) for i in range(12)))
    held_out = (place.adapt('--dry-run', target='list.txt') / 'held_out.txt').read_text().split()
    assert [Path(path).name for path in held_out] == ['04.png', '05.png', '10.png', '11.png']
