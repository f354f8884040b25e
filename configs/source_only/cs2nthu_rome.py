# The source model of all four cities, scored on Rome; it is not trained again.
_base_ = './cityscapes13.py'
scored = dict(
    type='NTHUDataset',
    data_root='{{$MMSEG_MAXSQUARE_DATA:data}}/nthu',
    city='Rome',
    split='Test',
    pipeline=_base_.test_pipeline,
)
val_dataloader = dict(dataset=dict(_delete_=True, **scored))
test_dataloader = dict(dataset=dict(_delete_=True, **scored))
