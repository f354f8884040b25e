"""The doctor: clean data sets of every format pass, planted faults are named."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.datasets import GTA5Dataset
from mmseg_maxsquare.doctor import check as check_data
from mmseg_maxsquare.doctor.content import defect
from mmseg_maxsquare.doctor.files import FileCheck, FileReport
from mmseg_maxsquare.doctor.survey import spread
from mmseg_maxsquare.runs.findings import Finding

from .cases import FAULTS, FORMATS
from .cases.base import POLY, RNG, gta, nthu, synthia
from .cases.config import unknown_subset
from .cases.files import empty_image, missing_label, truncated_label
from .cases.pixels import unknown_id
from tests.helpers import REPO
from tests.helpers.tiny_data import make_cityscapes, make_gta5, save_image


def run(cfg: Config, root: Path, **kwargs) -> list[Finding]:
    """Findings for a config; the sheets go to ``root/out``."""
    (root / 'out').mkdir(exist_ok=True)
    return check_data.check(cfg, root / 'out', **kwargs)[0]


@pytest.mark.parametrize('name', FORMATS)
def test_clean_data_pass(name: str, tmp_path: Path) -> None:
    cfg = FORMATS[name](tmp_path)
    findings = run(cfg, tmp_path)
    assert [f for f in findings if f.level == 'error'] == []
    warnings = {f.kind.split(': ')[1] for f in findings if f.level == 'warning'}
    assert warnings <= {'partial copy', 'classes that never occur'}  # in so few files
    sheets = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert sheets == ['sheet_source.png', 'sheet_target.png', 'sheet_val.png']
    assert not (tmp_path / 'work').exists()


@pytest.mark.parametrize('name', FAULTS)
def test_fault_is_named(name: str, tmp_path: Path) -> None:
    """Level, file or field, and what was found; errors come with a remedy."""
    form, plant, level, where, words = FAULTS[name]
    cfg = FORMATS[form](tmp_path)
    plant(tmp_path, cfg)
    findings = run(cfg, tmp_path)
    described = '\n'.join(map(str, findings))
    fitting = [f for f in findings if where in f.where and all(w in f.what for w in words)]
    assert fitting, described
    assert {f.level for f in fitting} == {level}, described
    assert all(f.remedy for f in findings if f.level != 'note'), described
    if level != 'error':
        assert [f for f in findings if f.level == 'error'] == [], described


@pytest.mark.parametrize(
    'name',
    ['unknown_id', 'coloured_label', 'synthia_label_of_8_bits', 'grey_image', 'text_as_image',
     'label_of_another_size', 'images_that_share_a_label'],
)  # fmt: skip
def test_remedies_come_once(name: str, tmp_path: Path) -> None:
    """The loaders' own advice is not in the fact."""
    form, plant, *_ = FAULTS[name]
    cfg = FORMATS[form](tmp_path)
    plant(tmp_path, cfg)
    for finding in run(cfg, tmp_path):
        assert not re.search('; (take|copy|replace|remove|correct) ', finding.what), finding


@pytest.mark.parametrize('best', ['mIoU', 'auto', ['aAcc', 'few', 'IoU.road'], None])
def test_metrics_that_there_are(best: object, tmp_path: Path) -> None:
    cfg = gta(tmp_path)
    cfg.val_evaluator.subsets = dict(few=['road'])
    cfg.default_hooks.checkpoint.update(save_best=best, rule='greater')
    cfg.custom_hooks = [dict(type='UDAHook', priority='LOW')]
    cfg.param_scheduler = [POLY]
    assert [f for f in run(cfg, tmp_path) if f.kind.startswith('config')] == []
    cfg.val_evaluator = dict(type='IoUMetric', iou_metrics=['mFscore'])  # its names are unknown
    cfg.default_hooks.checkpoint.save_best = 'mFscore'
    assert [f for f in run(cfg, tmp_path) if f.kind.startswith('config')] == []


def test_half_of_data_prefix_is_a_sentence(tmp_path: Path) -> None:
    """The data set's own, as in training."""
    cfg = gta(tmp_path).train_dataloader.dataset.source
    cfg.data_prefix = dict(seg_map_path='labels')
    with pytest.raises(ValueError, match='data_prefix.img_path is missing'):
        DATASETS.build(cfg)


def test_another_city_is_not_suggested(tmp_path: Path) -> None:
    cfg = nthu(tmp_path)
    (tmp_path / 'nthu/Rome').rename(tmp_path / 'nthu/Taipei')
    missing = [f for f in run(cfg, tmp_path) if 'folder missing' in f.kind]
    assert len(missing) == 2
    assert not any('is it' in f.what for f in missing), missing


def test_turned_photographs_of_a_stock_data_set(tmp_path: Path) -> None:
    """OpenCV turns them, whatever the labels are drawn on."""
    exif = Image.Exif()
    exif[0x0112] = 6
    for folder in ('photos', 'labels'):
        (tmp_path / 'own' / folder).mkdir(parents=True)
    for i in range(2):
        pixels = RNG.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f'own/photos/{i}.jpg', exif=exif)
        Image.fromarray(pixels[..., 0] // 16).save(tmp_path / f'own/labels/{i}.png')
    cfg = gta(tmp_path)
    source = cfg.train_dataloader.dataset.source
    cfg.train_dataloader.dataset.source = dict(
        type='BaseSegDataset',
        data_root=str(tmp_path / 'own'),
        data_prefix=dict(img_path='photos', seg_map_path='labels'),
        img_suffix='.jpg',
        metainfo=GTA5Dataset.METAINFO,
        pipeline=source.pipeline,
    )
    found = [f for f in run(cfg, tmp_path) if 'as EXIF orientation 6 shows it' in f.what]
    assert [f.level for f in found] == ['error'] * 2


def test_all_problems_at_once(tmp_path: Path) -> None:
    """One fault does not hide another: of one file, of one domain, of several."""
    cfg = gta(tmp_path)
    plants = (empty_image, truncated_label, missing_label, unknown_id, unknown_subset)
    for plant in plants:
        plant(tmp_path, cfg)
    cfg.val_dataloader.dataset.data_root = 'nowhere'
    errors = [f for f in run(cfg, tmp_path) if f.level == 'error']
    places = ('00002.png', '00004.png', '00005.png', '00007.png', 'val_dataloader.dataset')
    for place in places:
        assert any(place in f.where for f in errors), (place, errors)
    assert len(errors) == len(places)


def test_processes_find_the_same(tmp_path: Path) -> None:
    cfg = gta(tmp_path)
    for plant in (empty_image, truncated_label, unknown_id):
        plant(tmp_path, cfg)
    alone, together = (run(cfg, tmp_path, workers=n) for n in (0, 2))
    assert alone == together
    assert sum(f.level == 'error' for f in alone) == 3


def test_crash_of_a_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file at which a process dies is named, the others are checked."""
    cfg = gta(tmp_path)
    empty_image(tmp_path, cfg)
    whole = FileCheck.__call__

    def crash(self: FileCheck, item: dict) -> FileReport:
        if item['img_path'].endswith('00006.png'):
            os._exit(1)
        return whole(self, item)

    monkeypatch.setattr(FileCheck, '__call__', crash)
    errors = [f for f in run(cfg, tmp_path, workers=2) if f.level == 'error']
    assert [Path(f.where).name for f in errors] == ['00002.png', '00006.png']
    assert 'died' in errors[1].what


def test_limit_still_pairs_all(tmp_path: Path) -> None:
    cfg = gta(tmp_path)
    empty_image(tmp_path, cfg)
    missing_label(tmp_path, cfg)
    where = [f.where for f in run(cfg, tmp_path, limit=1) if f.level == 'error']
    assert len(where) == 1 and where[0].endswith('labels/00005.png')
    assert spread(list(range(10)), 5) == [0, 2, 4, 6, 8]
    assert spread([1, 2], 5) == spread([1, 2], None) == [1, 2]


def test_concatenated_data_sets(tmp_path: Path) -> None:
    cfg = gta(tmp_path)
    other = dict(cfg.train_dataloader.dataset.source, data_root=str(make_gta5(tmp_path / 'more')))
    parts = [cfg.train_dataloader.dataset.source, other]
    cfg.train_dataloader.dataset.source = dict(type='ConcatDataset', datasets=parts)
    (tmp_path / 'more/images/00001.png').write_bytes(b'')
    errors = [f for f in run(cfg, tmp_path) if f.level == 'error']
    assert [f.kind for f in errors] == ['source 2: damaged images']


def test_decoders_may_not_notice(tmp_path: Path) -> None:
    """A file that was cut anywhere is found without decoding it; whole ones pass."""
    for name in ('a.png', 'a.jpg'):
        content = save_image(tmp_path / name, (24, 32), RNG).read_bytes()
        assert defect(content) is None
        for length in range(20, len(content) - 1, 7):
            assert defect(content[:length]) is not None, (name, length)


def command(*arguments: object, data: Path) -> subprocess.CompletedProcess:
    """The command line, with a tiny ResNet."""
    env = {**os.environ, 'MMSEG_MAXSQUARE_DATA': str(data), 'OMP_NUM_THREADS': '1'}
    env['PYTHONPATH'] = f'{REPO}{os.pathsep}{env.get("PYTHONPATH", "")}'
    script = [sys.executable, '-m', 'mmseg_maxsquare', 'check', *map(str, arguments)]
    return subprocess.run(script, cwd=REPO, env=env, capture_output=True, text=True)


def test_command_line(tmp_path: Path) -> None:
    """Exit codes, the report with every file, the shortened terminal, progress, sheets."""
    make_gta5(tmp_path / 'gta5', count=14)
    make_cityscapes(tmp_path / 'cityscapes')
    shrink = ['model.backbone.pretrained=None', 'model.backbone.depth=18']
    shrink += ['model.decode_head.in_channels=512', 'model.auxiliary_head.in_channels=256']
    options = ['configs/source_only/gta.py', '--work-dir', tmp_path / 'work', '--workers', 2]
    clean = command(*options, '--cfg-options', *shrink, data=tmp_path)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    out = tmp_path / 'work/check_data'
    assert clean.stdout.splitlines()[-1].startswith('0 errors, ')
    assert 'train: 14 of 14' in clean.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        'report.txt',
        'sheet_train.png',
        'sheet_val.png',
    ]
    for path in (tmp_path / 'gta5/labels').iterdir():
        path.write_bytes(b'')
    broken = command(*options, '--cfg-options', *shrink, data=tmp_path)
    assert broken.returncode == 1
    assert broken.stdout.count(': empty (0 bytes)') == 10
    assert '... and 4 more' in broken.stdout
    assert (out / 'report.txt').read_text().count(': empty (0 bytes)') == 14
    assert 'Traceback' not in broken.stdout + broken.stderr


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (None, 'config: no file'),
        ('x = (', 'cannot be read: SyntaxError'),
        ('x = nothing', 'cannot be read: NameError'),
        ("_base_ = './gone.py'", 'gone.py'),
        ('x = 1', 'train_dataloader: missing'),
        ("model = 'DeepLab'", "model: is 'DeepLab', expected dict(...)"),
    ],
)
def test_broken_config_is_a_sentence(
    content: str | None,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    path = tmp_path / 'config.py'
    if content is not None:
        path.write_text(content)
    with pytest.raises(SystemExit) as end:
        main(['check', str(path), '--work-dir', str(tmp_path)])
    output = capsys.readouterr()
    assert message in f'{end.value.code} {output.out}'
    assert end.value.code not in (0, None)


def test_other_labels_beside_those_in_use(tmp_path: Path) -> None:
    """As DAFormer's converters leave them; training works, so there is nothing to say."""
    cfg = gta(tmp_path)
    for path in list((tmp_path / 'gta5/labels').iterdir()):
        shutil.copy(path, path.with_name(f'{path.stem}_labelTrainIds.png'))
    assert [f for f in run(cfg, tmp_path) if 'labelTrainIds' in f.where] == []


def test_turned_photographs_are_drawn_both_ways(tmp_path: Path) -> None:
    """The two columns are the photograph and its view upside down."""
    form, plant, *_ = FAULTS['turned_photograph']
    cfg = FORMATS[form](tmp_path)
    plant(tmp_path, cfg)
    run(cfg, tmp_path)
    sheet = np.array(Image.open(tmp_path / 'out/turned_source.png')).astype(int)
    assert sheet.shape[1] >= 2 * 480


def test_networks_that_divide_sizes(tmp_path: Path) -> None:
    """A UNet on images that it divides passes; on others it fails as the validation would."""
    cfg = gta(tmp_path)
    unet = dict(
        type='UNet', base_channels=4, num_stages=3, strides=(1, 1, 1), enc_num_convs=(1, 1, 1),
        dec_num_convs=(1, 1), downsamples=(True, True), enc_dilations=(1, 1, 1),
        dec_dilations=(1, 1), norm_cfg=dict(type='BN'),
    )  # fmt: skip
    cfg.model.backbone = unet
    cfg.model.decode_head.update(in_channels=4, in_index=2)
    cfg.model.auxiliary_head.update(in_channels=8, in_index=1)
    assert [f for f in run(cfg, tmp_path) if f.level == 'error'] == []
    cfg.val_dataloader.dataset.pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(30, 22)),
        dict(type='LoadAnnotations'),
        dict(type='PackSegInputs'),
    ]
    (found,) = [f for f in run(cfg, tmp_path) if f.level == 'error']
    assert found.where == 'model.backbone'
    assert '(22, 30) (height, width) from val_dataloader.dataset' in found.what


def test_names_that_are_not_utf_8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are drawn, printed and written to the report."""
    cfg = gta(tmp_path)
    image = next((tmp_path / 'city/leftImg8bit/train').rglob('*.png'))
    image.rename(os.fsdecode(os.fsencode(image.parent) + b'/str\xdfe_leftImg8bit.png'))
    lines = (f'{key} = {value!r}\n' for key, value in cfg.to_dict().items())
    (tmp_path / 'own.py').write_text(''.join(lines))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(['check', 'own.py', '--out', 'out'])
    assert end.value.code in (0, None)
    assert (tmp_path / 'out/sheet_target.png').is_file()


def test_two_sources_with_other_tables(tmp_path: Path) -> None:
    """GTA5 and SYNTHIA together, 16 classes."""
    cfg = synthia(tmp_path)
    pair = cfg.train_dataloader.dataset
    folder = str(make_gta5(tmp_path / 'gta5'))
    gta5 = dict(pair.source, type='GTA5Dataset', num_classes=16, data_root=folder)
    pair.source = dict(type='ConcatDataset', datasets=[gta5, dict(pair.source)])
    assert [f for f in run(cfg, tmp_path) if f.level == 'error'] == []


def test_schedules_that_never_change(tmp_path: Path) -> None:
    """By epoch, which is mmengine's default, in a loop by steps."""
    cfg = gta(tmp_path)
    cfg.param_scheduler = [dict(POLY), {k: v for k, v in POLY.items() if k != 'by_epoch'}]
    found = [f for f in run(cfg, tmp_path) if 'the schedule never changes' in f.what]
    assert [(f.level, f.where) for f in found] == [('warning', 'param_scheduler.1.by_epoch')]
