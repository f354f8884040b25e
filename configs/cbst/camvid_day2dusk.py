# CBST, CamVid day -> dusk: three rounds of 100 steps from the source model.
_base_ = '../source_only/camvid_day.py'
target = dict(
    type='CamVidDataset',
    data_root=_base_.data_root,
    drives=('0001TP',),
    pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='LoadPseudoLabels'),
        _base_.resize,
        dict(type='RandomGaussianBlur'),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackSegInputs'),
    ],
)
labelling = [dict(type='LoadImageFromFile'), _base_.resize, dict(type='PackSegInputs')]
train_dataloader = dict(
    sampler=dict(_delete_=True, type='UDASampler'),
    dataset=dict(
        _delete_=True,
        type='SelfTrainingDataset',
        source=_base_.source,
        target=target,
        labelling_pipeline=labelling,
    ),
)
optim_wrapper = dict(optimizer=dict(lr=5e-3))
param_scheduler = []  # constant in a round
train_cfg = dict(
    type='SelfTrainingLoop',
    rounds=3,
    round_iters=100,
    max_iters=300,
    val_interval=300,
    portion=0.2,
    # As many images as the target has.
    source_share=0.2,
    source_share_step=0.0,
    max_source_share=0.2,
)
load_from = 'work_dirs/source_only/camvid_day/iter_500.pth'
