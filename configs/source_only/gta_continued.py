# Control: as many source steps as an adaptation takes, no target, GTA5 -> Cityscapes.
_base_ = [
    '../_base_/models/deeplabv2_r101_multi.py',
    '../_base_/datasets/gta.py',
    '../_base_/schedules/adapt_30k.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(pretrained=None))  # load_from has all weights
custom_hooks = []  # no target to look at
load_from = 'work_dirs/source_only/gta/iter_70000.pth'
