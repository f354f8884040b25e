# MaxSquare, GTA5 -> Cityscapes, Eq. 6 as printed.
# C = 19 times stronger than gta2cs.py.
_base_ = './gta2cs.py'
model = dict(target_loss=dict(class_average=False))
