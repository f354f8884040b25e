# SYNTHIA (labelled, 16 classes); evaluation on the same classes of Cityscapes val.
_base_ = './cityscapes_val.py'
size = {**_base_.resize, 'scale': (1280, 760)}
source = dict(
    type='SYNTHIADataset',
    data_root='{{$MMSEG_MAXSQUARE_DATA:data}}/synthia',
    pipeline=[_base_.load, _base_.labels, size, *_base_.augment],
)
train_dataloader = dict(dataset=source)
val_dataloader = dict(dataset=dict(num_classes=16))
test_dataloader = val_dataloader
