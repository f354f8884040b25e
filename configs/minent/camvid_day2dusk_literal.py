# MinEnt, CamVid day -> dusk, Eq. 3 as printed.
_base_ = './camvid_day2dusk.py'
model = dict(target_loss=dict(class_average=False))
