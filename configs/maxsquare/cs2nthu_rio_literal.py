# MaxSquare, Cityscapes -> NTHU Rio, Eq. 6 as printed.
# C = 13 times stronger than cs2nthu_rio.py.
_base_ = './cs2nthu_rio.py'
model = dict(target_loss=dict(class_average=False))
