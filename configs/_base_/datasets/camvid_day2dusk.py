# CamVid by day (labelled) and the training half of the dusk drive (labels unused).
_base_ = './camvid_day.py'
target = dict(
    type='CamVidDataset',
    data_root=_base_.data_root,
    drives=('0001TP',),
    pipeline=[
        dict(type='LoadImageFromFile'),
        _base_.resize,
        dict(type='RandomGaussianBlur'),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackSegInputs'),
    ],
)
train_dataloader = dict(
    batch_size=2,
    sampler=dict(_delete_=True, type='UDASampler'),
    dataset=dict(_delete_=True, type='UDADataset', source=_base_.source, target=target),
)
