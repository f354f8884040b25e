# For the study of the guard: 50 of the 62 dusk images are trained on, 12 looked at.
_base_ = './camvid_day2dusk.py'
model = dict(anchor=dict(checkpoint=None))  # the run's load_from, as for the guard
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
    oracle=True,
)
custom_hooks = [dict(type='UDAHook', interval=20, panel_interval=0), guard]
