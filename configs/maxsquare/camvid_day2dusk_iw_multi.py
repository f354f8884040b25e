# MaxSquare+IW+Multi, CamVid day -> dusk.
_base_ = [
    '../_base_/models/deeplabv2_efficientnet_lite0_multi.py',
    '../_base_/datasets/camvid_day2dusk.py',
    '../_base_/schedules/camvid_adapt.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='UDAEncoderDecoder',
    backbone=dict(pretrained=None),  # load_from has all weights
    target_loss=dict(  # as in camvid_day2dusk_iw.py
        type='MaxSquareLoss', alpha=0.2, weight_by='argmax', class_average=True, loss_weight=0.2
    ),
    # lambda_T * lambda_low = 0.1 * 0.1; the first factor is 0.2 here (see above).
    guidance=dict(threshold=0.95, loss_weight=0.05, normalizer='guided_pixels'),
)
custom_hooks = [dict(type='UDAHook', interval=20, panel_interval=100)]
load_from = 'work_dirs/source_only/camvid_day/iter_500.pth'
