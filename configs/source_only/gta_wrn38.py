# Source model of GTA5 with Wider ResNet-38, as in CBST: 30 epochs on four GPUs.
_base_ = [
    '../_base_/models/wider_resnet38.py',
    '../_base_/datasets/gta.py',
    '../_base_/schedules/source_70k.py',
    '../_base_/default_runtime.py',
]
scale = dict(type='RandomResize', scale=(1914, 1052), ratio_range=(0.7, 1.3), keep_ratio=True)
crop = dict(type='RandomCrop', crop_size=(504, 504))
train_dataloader = dict(
    batch_size=4,  # 16 in all
    dataset=dict(pipeline=[_base_.load, _base_.labels, scale, crop, _base_.pack]),
)
val_dataloader = dict(dataset=dict(pipeline=_base_.whole_test_pipeline))
test_dataloader = val_dataloader
tta_pipeline = _base_.whole_tta_pipeline
optim_wrapper = dict(
    optimizer=dict(lr=1.6e-3),
    paramwise_cfg=dict(_delete_=True, bias_lr_mult=2.0, bias_decay_mult=0.0),
)
param_scheduler = []  # constant
train_cfg = dict(max_iters=46800)
