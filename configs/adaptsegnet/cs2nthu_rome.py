# AdaptSegNet, two levels, Cityscapes -> NTHU Rome.
_base_ = [
    '../_base_/models/deeplabv2_r101_multi.py',
    '../_base_/datasets/cs2nthu_rome.py',
    '../_base_/schedules/imagenet_250k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='UDAEncoderDecoder',
    backbone=dict(frozen_affine='all'),
    decode_head=dict(dilations=(6, 12), num_classes=13),
    auxiliary_head=dict(dilations=(6, 12), num_classes=13),
    # Half of the other tasks' weights, since the gap is smaller; from the paper, not verified.
    methods=[dict(type='AdaptSegNet', weights=dict(decode_head=0.0005, auxiliary_head=0.0001))],
)
optim_wrapper = dict(
    constructor='MethodOptimWrapperConstructor',
    methods=dict(optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99))),
)
source = dict(pipeline=[_base_.load, _base_.labels, _base_.resize, _base_.pack])
target = dict(pipeline=[_base_.load, _base_.resize, _base_.pack])
train_dataloader = dict(dataset=dict(source=source, target=target))
