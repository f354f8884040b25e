# GTA5 (labelled); evaluation on Cityscapes val.
_base_ = './cityscapes_val.py'
size = {**_base_.resize, 'scale': (1280, 720)}
source = dict(
    type='GTA5Dataset',
    data_root='{{$MMSEG_MAXSQUARE_DATA:data}}/gta5',
    pipeline=[_base_.load, _base_.labels, size, *_base_.augment],
)
train_dataloader = dict(dataset=source)
