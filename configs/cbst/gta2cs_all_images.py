# CBST, GTA5 -> Cityscapes, with ResNet-101 and all 2,975 target images instead of 505.
_base_ = './gta2cs.py'
train_cfg = dict(select=None)
