# By the letter of Eq. 13 and 16.
_base_ = './gta2cs_iw_multi.py'
model = dict(
    target_loss=dict(weight_by='class', class_average=False, loss_weight=0.1),
    guidance=dict(loss_weight=0.1, normalizer='all_pixels'),
)
