# MaxSquare+Multi, SYNTHIA -> Cityscapes, Eq. 6 and 16 as printed.
_base_ = './synthia2cs_multi.py'
model = dict(target_loss=dict(class_average=False), guidance=dict(normalizer='all_pixels'))
