# Cross-City (GA+CA without static prior), Cityscapes -> NTHU Tokyo, on DeepLab v2.
_base_ = './cs2nthu_rome.py'
train_dataloader = dict(dataset=dict(target=dict(city='Tokyo')))
val_dataloader = dict(dataset=dict(city='Tokyo'))
test_dataloader = val_dataloader
