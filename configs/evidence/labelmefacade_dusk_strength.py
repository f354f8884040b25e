# Evidence, LabelMeFacade -> CamVid dusk: a loss at a multiple of the strength of MaxSquare.
_base_ = './labelmefacade_dusk.py'
custom_hooks = [
    dict(type='UDAHook', interval=20, panel_interval=0),
    dict(
        type='MatchedStrengthHook',
        reference=dict(type='MaxSquareLoss', class_average=False, loss_weight=0.1),
        factor=1.0,
    ),
    dict(type='ImageAreasHook'),
]
train_cfg = dict(val_interval=50)
