# MinEnt, GTA5 -> Cityscapes, Eq. 3 as printed.
_base_ = './gta2cs.py'
model = dict(target_loss=dict(class_average=False))
