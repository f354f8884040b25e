# SYNTHIA (labelled) and Cityscapes train (labels unused); evaluation on Cityscapes val.
_base_ = './synthia.py'
target = dict(
    type='CityscapesLabelIdDataset',
    data_root=_base_.data_root,
    num_classes=16,
    pipeline=_base_.target_pipeline,
)
train_dataloader = dict(
    sampler=dict(_delete_=True, type='UDASampler'),
    dataset=dict(_delete_=True, type='UDADataset', source=_base_.source, target=target),
)
