# MaxSquare+IW, CamVid day -> dusk, Eq. 13 as printed.
_base_ = './camvid_day2dusk.py'
model = dict(target_loss=dict(class_average=False, alpha=0.2))
