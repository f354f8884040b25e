# Evidence, LabelMeFacade -> CamVid dusk: MaxSquare, Eq. 6 as printed.
# The guard looks at 12 target images, which are not trained on.
_base_ = [
    '../_base_/models/deeplabv2_efficientnet_lite0.py',
    '../_base_/datasets/labelmefacade2camvid_dusk.py',
    '../_base_/schedules/evidence.py',
    '../_base_/default_runtime.py',
]
model = dict(
    type='UDAEncoderDecoder',
    backbone=dict(pretrained=None),
    decode_head=dict(num_classes=6),
    target_loss=dict(type='MaxSquareLoss', class_average=False, loss_weight=0.1),
)
train_dataloader = dict(dataset=dict(target=dict(indices=50)))
guard = dict(
    type='GuardHook',
    dataset=dict(
        type='CamVidDataset',
        data_root=_base_.data_root,
        drives=('0001TP',),
        indices=-12,
        pipeline=[dict(type='LoadImageFromFile'), _base_.resize, dict(type='PackSegInputs')],
    ),
    interval=50,
    oracle=True,  # every look is scored, for the curves; the scores choose nothing
)
custom_hooks = [
    dict(type='UDAHook', interval=20, panel_interval=0),
    guard,
    dict(type='ImageAreasHook'),
]
load_from = 'work_dirs/source_only/labelmefacade/iter_500.pth'
