"""Configs in mmengine's pure Python style, whose types are classes, through the commands."""

from pathlib import Path

import pytest

from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.engine import check_checkpoint

from tests.helpers.tiny_data import make_cityscapes, make_gta5

CONFIG = """
from mmengine.config import read_base
from mmengine.dataset import DefaultSampler
from mmengine.optim import OptimWrapper
from mmengine.runner import TestLoop, ValLoop
from mmcv.transforms import LoadImageFromFile
from mmseg.datasets.transforms import LoadAnnotations, PackSegInputs
from mmseg.evaluation import IoUMetric
from mmseg.models import FCNHead, SegDataPreProcessor
from mmseg.models.backbones import UNet
from mmseg.models.losses import CrossEntropyLoss
from torch.optim import SGD

from mmseg_maxsquare.datasets import (
    CityscapesLabelIdDataset, GTA5Dataset, UDADataset, UDASampler,
)
from mmseg_maxsquare.engine import OracleCheckpointHook, ResumableTrainLoop, UDAHook
from mmseg_maxsquare.losses import MaxSquareLoss
from mmseg_maxsquare.models import UDAEncoderDecoder

default_scope = 'mmseg'
model = dict(
    type=UDAEncoderDecoder,
    data_preprocessor=dict(type=SegDataPreProcessor, mean=[0.0] * 3, std=[255.0] * 3),
    backbone=dict(
        type=UNet, base_channels=4, num_stages=3, strides=(1, 1, 1), enc_num_convs=(1, 1, 1),
        dec_num_convs=(1, 1), downsamples=(True, True), enc_dilations=(1, 1, 1),
        dec_dilations=(1, 1), norm_cfg=dict(type='BN'),
    ),
    decode_head=dict(
        type=FCNHead, in_channels=4, in_index=2, channels=4, num_convs=1, num_classes=19,
        concat_input=False, loss_decode=dict(type=CrossEntropyLoss),
    ),
    target_loss=dict(type=MaxSquareLoss, loss_weight=0.1),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
load = [dict(type=LoadImageFromFile)]
pack = [dict(type=PackSegInputs)]
labelled = load + [dict(type=LoadAnnotations)] + pack
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type=UDASampler),
    dataset=dict(
        type=UDADataset,
        source=dict(type=GTA5Dataset, data_root='ROOT/gta5', pipeline=labelled),
        target=dict(type=CityscapesLabelIdDataset, data_root='ROOT/city', pipeline=load + pack),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type=DefaultSampler, shuffle=False),
    dataset=dict(
        type=CityscapesLabelIdDataset,
        data_root='ROOT/city',
        data_prefix=dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
        pipeline=labelled,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type=IoUMetric, iou_metrics=['mIoU'])
test_evaluator = val_evaluator
train_cfg = dict(type=ResumableTrainLoop, max_iters=2, val_interval=2)
val_cfg = dict(type=ValLoop)
test_cfg = dict(type=TestLoop)
optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=SGD, lr=0.01))
default_hooks = dict(checkpoint=dict(type=OracleCheckpointHook, by_epoch=False, interval=2))
custom_hooks = [dict(type=UDAHook, interval=1)]
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_gta5(tmp_path / 'gta5')
    make_cityscapes(tmp_path / 'city', labels={'val': 'labelIds'})
    (tmp_path / 'own.py').write_text(CONFIG.replace('ROOT', str(tmp_path)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_train_test(place: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as end:
        main(['check', 'own.py', '--work-dir', 'work'])
    assert end.value.code in (0, None), capsys.readouterr()
    main(['train', 'own.py', '--work-dir', 'work'])
    state = check_checkpoint(place / 'work/iter_2.pth')['state_dict']
    assert 'decode_head.conv_seg.weight' in state
    main(['test', 'own.py', 'work/iter_2.pth', '--work-dir', 'tested', '--out', 'out'])
    assert len(list((place / 'out').glob('*.png'))) == 2
