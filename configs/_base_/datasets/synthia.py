# SYNTHIA (labelled, 16 classes); evaluation on the same classes of Cityscapes val.
_base_ = './cityscapes_val.py'
source = dict(
    type='SYNTHIADataset',
    data_root='{{$MMSEG_MAXSQUARE_DATA:data}}/synthia',
    pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        dict(
            type='Resize',
            scale=(1280, 760),
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
val_dataloader = dict(dataset=dict(num_classes=16))
test_dataloader = val_dataloader
