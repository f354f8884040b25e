# MaxSquare, SYNTHIA -> Cityscapes, Eq. 6 as printed.
# C = 16 times stronger than synthia2cs.py.
_base_ = './synthia2cs.py'
model = dict(target_loss=dict(class_average=False))
