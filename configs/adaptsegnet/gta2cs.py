# AdaptSegNet, two levels, GTA5 -> Cityscapes.
_base_ = [
    '../_base_/models/deeplabv2_r101_multi.py',
    '../_base_/datasets/gta2cs.py',
    '../_base_/schedules/imagenet_250k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='UDAEncoderDecoder',
    backbone=dict(frozen_affine='all'),
    decode_head=dict(dilations=(6, 12)),  # the released network never uses 18 and 24
    auxiliary_head=dict(dilations=(6, 12)),
    methods=[dict(type='AdaptSegNet', weights=dict(decode_head=0.001, auxiliary_head=0.0002))],
)
optim_wrapper = dict(
    constructor='MethodOptimWrapperConstructor',
    methods=dict(optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99))),
)
# No augmentation.
source = dict(pipeline=[_base_.load, _base_.labels, _base_.size, _base_.pack])
target = dict(pipeline=[_base_.load, _base_.resize, _base_.pack])
train_dataloader = dict(dataset=dict(source=source, target=target))
