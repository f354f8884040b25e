# CBST, Cityscapes -> NTHU Tokyo, with ResNet-101; the paper's row has Wider ResNet-38.
_base_ = './cs2nthu_rome.py'
train_dataloader = dict(dataset=dict(target=dict(city='Tokyo')))
val_dataloader = dict(dataset=dict(city='Tokyo'))
test_dataloader = val_dataloader
