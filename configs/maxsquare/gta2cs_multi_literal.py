# MaxSquare+Multi, GTA5 -> Cityscapes, Eq. 6 and 16 as printed.
_base_ = './gta2cs_multi.py'
model = dict(target_loss=dict(class_average=False), guidance=dict(normalizer='all_pixels'))
