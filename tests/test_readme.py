"""The README's code runs as it stands, and the files that it names exist."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch import nn

from tests.helpers import REPO

TEXT = (REPO / 'README.md').read_text()
PYTHON = re.findall(r'```python\n(.*?)```', TEXT, flags=re.S)

PLAIN = """
default_scope = 'mmseg'
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(type='SegDataPreProcessor', size_divisor=32),
    backbone=dict(type='UNet', base_channels=4, num_stages=2, strides=(1, 1),
                  enc_num_convs=(1, 1), dec_num_convs=(1,), downsamples=(True,),
                  enc_dilations=(1, 1), dec_dilations=(1,)),
    decode_head=dict(type='FCNHead', in_channels=4, channels=4, num_convs=1, num_classes=19,
                     norm_cfg=dict(type='BN')),
    train_cfg=dict(), test_cfg=dict(mode='whole'))
train_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(type='CityscapesDataset', data_root=DATA_ROOT,
                 data_prefix=dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
                 pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'),
                           dict(type='PackSegInputs')]))
train_cfg = dict(type='IterBasedTrainLoop', max_iters=2)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01))
"""


def test_adapt_my_own_model(tmp_path: Path) -> None:
    """The ten lines over a stock config train two steps."""
    from tests.helpers.tiny_data import make_cityscapes

    data = make_cityscapes(tmp_path / 'data', size=(32, 64))
    plain = tmp_path / 'my_config.py'
    plain.write_text(PLAIN.replace('DATA_ROOT', repr(str(data))))
    code = next(block for block in PYTHON if '_base_' in block)
    code = code.replace("'my/images'", repr(str(data / 'leftImg8bit/train')))
    code = code.replace('(1024, 512)', '(64, 32)').replace("load_from = 'my_model.pth'", '')
    (tmp_path / 'my_uda_config.py').write_text(code)
    cfg = Config.fromfile(tmp_path / 'my_uda_config.py')
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'work'), 'readme'
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert type(runner.model).__name__ == 'UDAEncoderDecoder'
    assert runner.iter == 2


def test_reuse_the_losses() -> None:
    code = next(block for block in PYTHON if 'max_square_loss' in block)
    model = nn.Conv2d(3, 5, 1)
    names = dict(model=model, unlabelled_images=torch.rand(2, 3, 4, 4), supervised=0.0)
    exec(code, names)
    assert names['loss'] < 0
    assert model.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    'path', sorted(set(re.findall(r'(?<![\w/])(?:configs|tools|docs)/[\w./-]+\.\w+', TEXT)))
)
def test_named_files_exist(path: str) -> None:
    assert (REPO / path).exists()
