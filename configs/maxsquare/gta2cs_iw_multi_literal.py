# MaxSquare+IW+Multi, GTA5 -> Cityscapes, Eq. 13 and 16 as printed.
_base_ = './gta2cs_multi_literal.py'
model = dict(target_loss=dict(alpha=0.2))
