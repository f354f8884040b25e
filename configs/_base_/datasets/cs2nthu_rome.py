# Cityscapes train (labelled) and Rome's 3,200 images; evaluation on Rome's 100 labelled
# images. Another city only needs another 'city'.
_base_ = './cityscapes13.py'
nthu = dict(type='NTHUDataset', data_root='{{$MMSEG_MAXSQUARE_DATA:data}}/nthu', city='Rome')
target = dict(**nthu, split='Train', pipeline=_base_.target_pipeline)
scored = dict(**nthu, split='Test', pipeline=_base_.test_pipeline)
train_dataloader = dict(
    sampler=dict(_delete_=True, type='UDASampler'),
    dataset=dict(_delete_=True, type='UDADataset', source=_base_.source, target=target),
)
val_dataloader = dict(dataset=dict(_delete_=True, **scored))
test_dataloader = dict(dataset=dict(_delete_=True, **scored))
