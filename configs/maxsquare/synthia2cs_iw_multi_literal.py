# MaxSquare+IW+Multi, SYNTHIA -> Cityscapes, Eq. 13 and 16 as printed.
_base_ = './synthia2cs_multi_literal.py'
model = dict(target_loss=dict(alpha=0.2))
