"""--amp: which wrapper, precision and scaler, and what a device cannot do."""

import pytest
import torch
from mmengine.config import Config

from mmseg_maxsquare.runs import train

from tests.helpers import REPO


@pytest.fixture
def cfg() -> Config:
    return Config.fromfile(REPO / 'configs/maxsquare/gta2cs.py')


def on_gpu(monkeypatch: pytest.MonkeyPatch, bfloat16: bool) -> None:
    monkeypatch.setattr(train, 'get_device', lambda: 'cuda')
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda: bfloat16)
    monkeypatch.setattr(torch.cuda, 'get_device_name', lambda: 'GTX 1080 Ti')


@pytest.mark.parametrize(
    ('dtype', 'scale'), [('float16', 'dynamic'), ('bfloat16', dict(enabled=False))]
)
def test_wrapper(dtype: str, scale: object, cfg: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    on_gpu(monkeypatch, bfloat16=True)
    rate = cfg.optim_wrapper.optimizer.lr
    train.use_amp(cfg, dtype)
    wrapper = cfg.optim_wrapper
    assert (wrapper.type, wrapper.dtype, wrapper.loss_scale) == ('AmpOptimWrapper', dtype, scale)
    assert wrapper.optimizer.lr == rate


def test_a_scale_of_the_config_stays(cfg: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    on_gpu(monkeypatch, bfloat16=True)
    cfg.optim_wrapper.loss_scale = 512.0
    train.use_amp(cfg, 'float16')
    assert cfg.optim_wrapper.loss_scale == 512.0


def test_gpu_without_bfloat16(cfg: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    on_gpu(monkeypatch, bfloat16=False)
    with pytest.raises(SystemExit, match='GTX 1080 Ti has no bfloat16; use --amp float16'):
        train.use_amp(cfg, 'bfloat16')


def test_no_gpu(cfg: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, 'get_device', lambda: 'cpu')
    with pytest.raises(SystemExit, match='--amp needs a GPU, and none is available'):
        train.use_amp(cfg, 'float16')
