# By the letter of Eq. 3 and the weights of Eq. 13.
_base_ = './gta2cs.py'
model = dict(target_loss=dict(class_average=False, alpha=0.2))
