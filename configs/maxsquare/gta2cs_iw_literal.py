# MaxSquare+IW, GTA5 -> Cityscapes, Eq. 13 as printed.
_base_ = './gta2cs.py'
model = dict(target_loss=dict(class_average=False, alpha=0.2))
