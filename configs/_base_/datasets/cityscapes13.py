# Cityscapes train (labelled) with the 13 classes of NTHU; evaluation on Cityscapes val.
_base_ = './cityscapes_val.py'
source = dict(
    type='CityscapesLabelIdDataset',
    data_root=_base_.data_root,
    num_classes=13,
    pipeline=[_base_.load, _base_.labels, _base_.resize, *_base_.augment],
)
train_dataloader = dict(dataset=source)
val_dataloader = dict(dataset=dict(num_classes=13))
test_dataloader = val_dataloader
val_evaluator = dict(subsets=dict(_delete_=True, mIoU13=_base_.classes13))
test_evaluator = dict(subsets=dict(_delete_=True, mIoU13=_base_.classes13))
