# MinEnt of ADVENT, two levels, GTA5 -> Cityscapes.
_base_ = [
    '../_base_/models/deeplabv2_r101_multi.py',
    '../_base_/datasets/gta2cs.py',
    '../_base_/schedules/imagenet_250k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='UDAEncoderDecoder',
    backbone=dict(frozen_affine='all'),
    methods=[dict(type='AdventMinEnt', weights=dict(decode_head=0.001, auxiliary_head=0.0002))],
)
# No augmentation.
source = dict(pipeline=[_base_.load, _base_.labels, _base_.size, _base_.pack])
target = dict(pipeline=[_base_.load, _base_.resize, _base_.pack])
train_dataloader = dict(dataset=dict(source=source, target=target))
train_cfg = dict(max_iters=120000)
