# CBST, Cityscapes -> NTHU Taipei, with ResNet-101; the paper's row has Wider ResNet-38.
_base_ = './cs2nthu_rome.py'
train_dataloader = dict(dataset=dict(target=dict(city='Taipei')))
val_dataloader = dict(dataset=dict(city='Taipei'))
test_dataloader = val_dataloader
