# LabelMeFacade (labelled) and the training half of CamVid's dusk drive, six classes.
_base_ = './labelmefacade.py'
target = dict(
    type='CamVidDataset',
    data_root=_base_.data_root,
    drives=('0001TP',),
    metainfo=dict(classes=_base_.classes),
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
