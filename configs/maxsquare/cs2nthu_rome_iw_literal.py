# MaxSquare+IW, Cityscapes -> NTHU Rome, Eq. 13 as printed.
_base_ = './cs2nthu_rome.py'
model = dict(target_loss=dict(class_average=False, alpha=0.2))
