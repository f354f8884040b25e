# Cityscapes train (labelled) with the 13 classes of NTHU; evaluation on Cityscapes val.
_base_ = './cityscapes_val.py'
source = dict(
    type='CityscapesLabelIdDataset',
    data_root=_base_.data_root,
    num_classes=13,
    pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        _base_.resize,
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
val_dataloader = dict(dataset=dict(num_classes=13))
test_dataloader = val_dataloader
val_evaluator = dict(subsets=dict(_delete_=True, mIoU13=_base_.classes13))
test_evaluator = dict(subsets=dict(_delete_=True, mIoU13=_base_.classes13))
