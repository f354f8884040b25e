# Source model of all GTA5 -> Cityscapes rows.
# It also trains the low level, which only Multi needs, as in the released checkpoints.
_base_ = [
    '../_base_/models/deeplabv2_r101_multi.py',
    '../_base_/datasets/gta.py',
    '../_base_/schedules/source_70k.py',
    '../_base_/default_runtime.py',
]
