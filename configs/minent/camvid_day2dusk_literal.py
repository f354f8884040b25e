# By the letter of Eq. 3.
_base_ = './camvid_day2dusk.py'
model = dict(target_loss=dict(class_average=False))
