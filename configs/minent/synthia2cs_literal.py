# MinEnt, SYNTHIA -> Cityscapes, Eq. 3 as printed.
_base_ = './synthia2cs.py'
model = dict(target_loss=dict(class_average=False))
