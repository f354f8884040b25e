# GTA5 (labelled); evaluation on Cityscapes val.
_base_ = './cityscapes_val.py'
source = dict(
    type='GTA5Dataset',
    data_root='{{$MMSEG_MAXSQUARE_DATA:data}}/gta5',
    pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        dict(
            type='Resize',
            scale=(1280, 720),
            keep_ratio=False,
            backend='pillow',
            interpolation='bicubic',
        ),
        dict(type='RandomGaussianBlur'),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackSegInputs'),
    ],
)
train_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=source,
)
