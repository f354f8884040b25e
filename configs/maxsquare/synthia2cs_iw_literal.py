# By the letter of Eq. 13.
_base_ = './synthia2cs.py'
model = dict(target_loss=dict(class_average=False, alpha=0.2))
