# MaxSquare, CamVid day -> dusk.
_base_ = [
    '../_base_/models/deeplabv2_efficientnet_lite0.py',
    '../_base_/datasets/camvid_day2dusk.py',
    '../_base_/schedules/camvid_adapt.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='UDAEncoderDecoder',
    backbone=dict(pretrained=None),  # load_from has all weights
    # The published lambda_T = 0.1 belongs to a loss that is also divided by C.
    target_loss=dict(type='MaxSquareLoss', class_average=True, loss_weight=0.1),
)
custom_hooks = [dict(type='UDAHook', interval=20, panel_interval=100)]
load_from = 'work_dirs/source_only/camvid_day/iter_500.pth'
