# MaxSquare, CamVid day -> dusk, Eq. 6 as printed.
# C = 11 times stronger than camvid_day2dusk.py.
_base_ = './camvid_day2dusk.py'
model = dict(target_loss=dict(class_average=False))
