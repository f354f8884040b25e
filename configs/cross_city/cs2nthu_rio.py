# Cross-City (GA+CA without static prior), Cityscapes -> NTHU Rio, on DeepLab v2.
_base_ = './cs2nthu_rome.py'
train_dataloader = dict(dataset=dict(target=dict(city='Rio')))
val_dataloader = dict(dataset=dict(city='Rio'))
test_dataloader = val_dataloader
