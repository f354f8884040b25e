# Cross-City (GA+CA without static prior), Cityscapes -> NTHU Taipei, on DeepLab v2.
_base_ = './cs2nthu_rome.py'
train_dataloader = dict(dataset=dict(target=dict(city='Taipei')))
val_dataloader = dict(dataset=dict(city='Taipei'))
test_dataloader = val_dataloader
