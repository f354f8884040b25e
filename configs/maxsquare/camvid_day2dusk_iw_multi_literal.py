# MaxSquare+IW+Multi, CamVid day -> dusk, Eq. 13 and 16 as printed.
_base_ = './camvid_day2dusk_iw_multi.py'
model = dict(
    target_loss=dict(weight_by='class', class_average=False, loss_weight=0.1),
    guidance=dict(loss_weight=0.1, normalizer='all_pixels'),
)
