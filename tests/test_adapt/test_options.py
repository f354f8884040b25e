"""``--cfg-options`` of ``adapt``: which config an option changes, and which are refused."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmseg_maxsquare.adapt.options import has_field

from .place import Place, add_source, make_place
from tests.helpers.tiny_models import low_head_cfg


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return make_place(tmp_path, monkeypatch, auxiliary_head=low_head_cfg())


def test_fields_of_the_users_config(place: Place, capsys: pytest.CaptureFixture) -> None:
    """Sizes and the model are made from it."""
    fields = (
        'test_dataloader.dataset.pipeline.1.scale=(96,64)',
        'train_dataloader.dataset.pipeline.3.crop_size=(40,24)',
        'model.test_cfg.mode=slide',
        'model.test_cfg.crop_size=(32,32)',
        'model.test_cfg.stride=(16,16)',
    )
    out = place.adapt('--dry-run', fields=fields)
    assert 'size: 96 x 64 from the test pipeline of the config, crops of 24 x 40' in (
        capsys.readouterr().out
    )
    cfg = Config.fromfile(out / 'config.py')
    assert cfg.model.test_cfg.mode == 'slide'


def test_the_advised_data_root(place: Place) -> None:
    add_source(place)
    (place.root / 'nowhere').rename(place.root / 'here')
    with pytest.raises(SystemExit, match='use --cfg-options train_dataloader.dataset.data_root='):
        place.adapt('--with-source', '--dry-run')
    out = place.adapt(
        '--with-source', '--dry-run', fields=['train_dataloader.dataset.data_root=here']
    )
    cfg = Config.fromfile(out / 'config.py')
    assert cfg.train_dataloader.dataset.source.data_root == 'here'


def test_fields_of_the_made_config(place: Place) -> None:
    fields = ('model.target_loss.alpha=0.5', 'custom_hooks.0.interval=2', 'log_level=WARNING')
    cfg = Config.fromfile(place.adapt('--dry-run', fields=fields) / 'config.py')
    assert cfg.model.target_loss.alpha == 0.5
    assert cfg.custom_hooks[0].interval == 2
    assert cfg.train_dataloader.num_workers == 0
    assert cfg.log_level == 'WARNING'


@pytest.mark.parametrize(
    ('field', 'message'),
    [
        ('modle.x=3', 'adapt uses no field modle.x'),
        ('modle=3', 'adapt uses no field modle; did you mean model'),
        ('test_pipeline.1.scale=(3,3)', 'did you mean test_dataloader.dataset.pipeline.1.scale'),
        ('model.target_losss.alpha=1', 'did you mean model.target_loss.alpha'),
        ('test_dataloader.dataset.pipelin=3', 'adapt uses no field test_dataloader.dataset.pip'),
        ('train_dataloader.dataset.data_root=x', 'data_root has no effect on this adaptation'),
        ('train_cfg.max_iters=7', 'train_cfg.max_iters: give --steps instead'),
        ('model.decode_head.channels=99', 'checkpoint: model.pth does not fit'),
        ('optim_wrapper.optimizer.lrr=3', "unexpected keyword argument 'lrr'"),
    ],
)
def test_refused(field: str, message: str, place: Place) -> None:
    with pytest.raises(SystemExit) as end:
        place.adapt(fields=[field])
    assert message in str(end.value)
    assert not (place.root / 'out').exists()


def test_has_field() -> None:
    """Arguments count that a class passes on, and any field of a part without a type."""
    cfg = Config(dict(model=dict(type='EncoderDecoder', backbone=dict(type='ResNetV1c')), env={}))
    known = ('model', 'model.neck', 'model.backbone.with_cp', 'env.x', 'work_dir')
    assert all(has_field(cfg, field) for field in known)
    unknown = ('model.nekc', 'model.nekc.x', 'model.backbone.with_pc', 'other', 'other.x')
    assert not any(has_field(cfg, field) for field in unknown)
