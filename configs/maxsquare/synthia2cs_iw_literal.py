# MaxSquare+IW, SYNTHIA -> Cityscapes, Eq. 13 as printed.
_base_ = './synthia2cs.py'
model = dict(target_loss=dict(class_average=False, alpha=0.2))
