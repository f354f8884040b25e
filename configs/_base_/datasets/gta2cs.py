# GTA5 (labelled) and Cityscapes train (labels unused); evaluation on Cityscapes val.
_base_ = './gta.py'
target = dict(
    type='CityscapesDataset',
    data_root='{{$MMSEG_MAXSQUARE_DATA:data}}/cityscapes',
    data_prefix=dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
    pipeline=[
        dict(type='LoadImageFromFile'),
        dict(
            type='Resize',
            scale=(1024, 512),
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
    sampler=dict(_delete_=True, type='UDASampler'),
    dataset=dict(_delete_=True, type='UDADataset', source=_base_.source, target=target),
)
