# CBST, SYNTHIA -> Cityscapes, with Wider ResNet-38.
_base_ = [
    '../_base_/models/wider_resnet38.py',
    '../_base_/datasets/synthia2cs.py',
    '../_base_/schedules/cbst_wrn38.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(pretrained=None), decode_head=dict(num_classes=16))
near = dict(type='RandomResize', scale=(1280, 760), ratio_range=(0.7, 1.3), keep_ratio=True)
far = dict(type='RandomResize', scale=(2048, 1024), ratio_range=(0.7, 1.3), keep_ratio=True)
crop = dict(type='RareClassCrop', crop_size=(504, 504))
label_size = {**_base_.resize, 'scale': (1850, 925)}
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        type='SelfTrainingDataset',
        source=dict(pipeline=[_base_.load, _base_.labels, near, crop, _base_.pack]),
        target=dict(pipeline=[_base_.load, dict(type='LoadPseudoLabels'), far, crop, _base_.pack]),
        labelling_pipeline=[_base_.load, label_size, _base_.pack],
    ),
)
val_dataloader = dict(dataset=dict(pipeline=_base_.whole_test_pipeline))
test_dataloader = val_dataloader
tta_pipeline = _base_.whole_tta_pipeline
# Two passes over 505 target images and about 247 source images, in batches of two.
round_iters = 752
param_scheduler = [
    dict(
        type='MultiStepLR',
        milestones=[round_iters * i for i in range(1, 6)],
        gamma=0.5**0.5,
        by_epoch=False,
    )
]
train_cfg = dict(
    round_iters=round_iters,
    max_iters=6 * round_iters,
    val_interval=round_iters,
    source_share=0.02,
)
default_hooks = dict(checkpoint=dict(interval=round_iters))
load_from = 'work_dirs/source_only/synthia_wrn38/iter_29400.pth'
