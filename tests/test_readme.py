"""The README's code runs as it stands, and the files that it names exist."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch import nn

from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.engine import check_checkpoint

from tests.helpers import REPO
from tests.helpers.tiny_data import make_cityscapes

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


def write_own(folder: Path) -> None:
    """A stock config, and the ten lines over it, on tiny data."""
    data = make_cityscapes(folder / 'data', size=(32, 64))
    (folder / 'my_config.py').write_text(PLAIN.replace('DATA_ROOT', repr(str(data))))
    code = next(block for block in PYTHON if '_base_' in block)
    code = code.replace("'my/images'", repr(str(data / 'leftImg8bit/train')))
    code = code.replace('(1024, 512)', '(64, 32)').replace("load_from = 'my_model.pth'", '')
    (folder / 'my_uda_config.py').write_text(code)


def test_adapt_my_own_model(tmp_path: Path) -> None:
    """The ten lines over a stock config train two steps."""
    write_own(tmp_path)
    cfg = Config.fromfile(tmp_path / 'my_uda_config.py')
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'work'), 'readme'
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert type(runner.model).__name__ == 'UDAEncoderDecoder'
    assert runner.iter == 2


def test_my_own_model_resumes_to_the_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the dropout that mmseg's heads have by default."""
    write_own(tmp_path)
    monkeypatch.chdir(tmp_path)
    hook = dict(type='CheckpointHook', by_epoch=False, interval=1)
    options = [
        'randomness.seed=0',
        *(f'default_hooks.checkpoint.{key}={value}' for key, value in hook.items()),
    ]
    for work_dir, lengths in (('whole', [3]), ('parts', [1, 3])):
        for length in lengths:
            command = ['train', 'my_uda_config.py', '--work-dir', work_dir, '--resume']
            name = f'experiment_name={work_dir}_{length}_{tmp_path.name}'
            main([*command, '--cfg-options', *options, f'train_cfg.max_iters={length}', name])
    whole, parts = (
        check_checkpoint(tmp_path / name / 'iter_3.pth')['state_dict']
        for name in ('whole', 'parts')
    )
    assert all(torch.equal(whole[key], parts[key]) for key in whole)


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
