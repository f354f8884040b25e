# Source model of all Cityscapes -> NTHU rows (see gta.py).
_base_ = [
    '../_base_/models/deeplabv2_r101_multi.py',
    '../_base_/datasets/cityscapes13.py',
    '../_base_/schedules/source_70k.py',
    '../_base_/default_runtime.py',
]
model = dict(decode_head=dict(num_classes=13), auxiliary_head=dict(num_classes=13))
