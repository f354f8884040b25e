# CBST, SYNTHIA -> Cityscapes, with Wider ResNet-38.
_base_ = [
    '../_base_/models/wider_resnet38.py',
    '../_base_/datasets/synthia2cs.py',
    '../_base_/schedules/cbst.py',
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
optim_wrapper = dict(
    optimizer=dict(lr=1e-4),
    paramwise_cfg=dict(_delete_=True, bias_lr_mult=2.0, bias_decay_mult=0.0),
)
round_iters = 1410
milestones = [round_iters * i for i in range(1, 6)]
param_scheduler = [dict(type='MultiStepLR', milestones=milestones, gamma=0.5**0.5, by_epoch=False)]
train_cfg = dict(
    rounds=6, round_iters=round_iters, max_iters=6 * round_iters, val_interval=round_iters,
    source_share=0.02, fewest_rare=3,
)  # fmt: skip
load_from = 'work_dirs/source_only/synthia_wrn38/iter_29400.pth'
