# AdaptSegNet, two levels, SYNTHIA -> Cityscapes.
_base_ = [
    '../_base_/models/deeplabv2_r101_multi.py',
    '../_base_/datasets/synthia2cs.py',
    '../_base_/schedules/imagenet_250k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='UDAEncoderDecoder',
    backbone=dict(frozen_affine='all'),
    # 16 classes; the trainer of the authors' lab has 19 outputs.
    decode_head=dict(dilations=(6, 12), num_classes=16),
    auxiliary_head=dict(dilations=(6, 12), num_classes=16),
    methods=[dict(type='AdaptSegNet', weights=dict(decode_head=0.001, auxiliary_head=0.0002))],
)
optim_wrapper = dict(
    constructor='MethodOptimWrapperConstructor',
    methods=dict(optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99))),
)
size = {**_base_.resize, 'scale': (1280, 720)}
source = dict(pipeline=[_base_.load, _base_.labels, size, _base_.pack])
target = dict(pipeline=[_base_.load, _base_.resize, _base_.pack])
train_dataloader = dict(dataset=dict(source=source, target=target))
train_cfg = dict(max_iters=80000)
