# CBST, SYNTHIA -> Cityscapes, with ResNet-101; the paper's row has Wider ResNet-38.
_base_ = [
    '../_base_/models/deeplabv2_r101.py',
    '../_base_/datasets/synthia2cs.py',
    '../_base_/schedules/cbst.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=(600, 900), size_divisor=None, seg_pad_val=255),
    backbone=dict(pretrained=None, norm_eval=True),
    decode_head=dict(num_classes=16),
)
near = dict(type='RandomResize', scale=(1280, 760), ratio_range=(0.8, 1.2), keep_ratio=True)
far = dict(type='RandomResize', scale=(2048, 1024), ratio_range=(0.6, 1.5), keep_ratio=True)
source_steps = [_base_.labels, near, dict(type='RandomCrop', crop_size=(600, 900)), _base_.pack]
target_steps = [
    dict(type='LoadPseudoLabels'), far, dict(type='RareClassCrop', crop_size=(600, 900)),
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
# Two passes over 505 target images and about 223 source images, in batches of two.
round_iters = 728
train_cfg = dict(
    rounds=4,
    round_iters=round_iters,
    max_iters=4 * round_iters,
    val_interval=round_iters,
    source_share=0.02,
)
default_hooks = dict(checkpoint=dict(interval=round_iters))
load_from = 'work_dirs/source_only/synthia/iter_70000.pth'
