# MaxSquare, GTA5 -> Cityscapes.
_base_ = [
    '../_base_/models/deeplabv2_r101.py',
    '../_base_/datasets/gta2cs.py',
    '../_base_/schedules/adapt_30k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='UDAEncoderDecoder',
    backbone=dict(pretrained=None),  # load_from has all weights
    # The published lambda_T = 0.1 belongs to a loss that is also divided by C.
    target_loss=dict(type='MaxSquareLoss', class_average=True, loss_weight=0.1),
)
load_from = 'work_dirs/source_only/gta/iter_70000.pth'
