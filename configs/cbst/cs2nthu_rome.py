# CBST, Cityscapes -> NTHU Rome, with ResNet-101; the paper's row has Wider ResNet-38.
_base_ = [
    '../_base_/models/deeplabv2_r101.py',
    '../_base_/datasets/cs2nthu_rome.py',
    '../_base_/schedules/cbst.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=(512, 1024), size_divisor=None, seg_pad_val=255),
    backbone=dict(pretrained=None, norm_eval=True),
    decode_head=dict(num_classes=13),
)
scale = dict(type='RandomResize', scale=(2048, 1024), ratio_range=(0.5, 1.5), keep_ratio=True)
source_steps = [_base_.labels, scale, dict(type='RandomCrop', crop_size=(512, 1024)), _base_.pack]
target_steps = [
    dict(type='LoadPseudoLabels'), scale, dict(type='RareClassCrop', crop_size=(512, 1024)),
    _base_.pack,
]  # fmt: skip
label_size = {**_base_.resize, 'scale': (1843, 922)}
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        type='SelfTrainingDataset',
        source=dict(pipeline=[_base_.load, *source_steps]),
        target=dict(pipeline=[_base_.load, *target_steps]),
        labelling_pipeline=[_base_.load, label_size, _base_.pack],
    ),
)
val_dataloader = dict(dataset=dict(pipeline=_base_.whole_test_pipeline))
test_dataloader = val_dataloader
tta_pipeline = _base_.whole_tta_pipeline
# Two passes over 505 target images and about 97 source images, in batches of two.
round_iters = 602
train_cfg = dict(round_iters=round_iters, max_iters=3 * round_iters, val_interval=round_iters)
default_hooks = dict(checkpoint=dict(interval=round_iters))
load_from = 'work_dirs/source_only/cityscapes13/iter_70000.pth'
