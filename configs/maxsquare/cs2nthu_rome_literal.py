# MaxSquare, Cityscapes -> NTHU Rome, Eq. 6 as printed.
# C = 13 times stronger than cs2nthu_rome.py.
_base_ = './cs2nthu_rome.py'
model = dict(target_loss=dict(class_average=False))
