# MinEnt of ADVENT, two levels, SYNTHIA -> Cityscapes.
_base_ = [
    '../_base_/models/deeplabv2_r101_multi.py',
    '../_base_/datasets/synthia2cs.py',
    '../_base_/schedules/imagenet_250k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='UDAEncoderDecoder',
    backbone=dict(frozen_affine='all'),
    decode_head=dict(num_classes=16),
    auxiliary_head=dict(num_classes=16),
    methods=[dict(type='AdventMinEnt', weights=dict(decode_head=0.001, auxiliary_head=0.0002))],
)
source = dict(pipeline=[_base_.load, _base_.labels, _base_.size, _base_.pack])
target = dict(pipeline=[_base_.load, _base_.resize, _base_.pack])
train_dataloader = dict(dataset=dict(source=source, target=target))
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=90001, by_epoch=False)]
train_cfg = dict(max_iters=90000)
