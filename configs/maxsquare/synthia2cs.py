# MaxSquare, SYNTHIA -> Cityscapes.
_base_ = [
    '../_base_/models/deeplabv2_r101.py',
    '../_base_/datasets/synthia2cs.py',
    '../_base_/schedules/adapt_30k.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='UDAEncoderDecoder',
    backbone=dict(pretrained=None),  # load_from has all weights
    decode_head=dict(num_classes=16),
    # The published lambda_T = 0.1 belongs to a loss that is also divided by C.
    target_loss=dict(type='MaxSquareLoss', class_average=True, loss_weight=0.1),
)
load_from = 'work_dirs/source_only/synthia/iter_70000.pth'
