# AdaptSegNet with least squares, one level, GTA5 -> Cityscapes.
_base_ = './gta2cs_single.py'
model = dict(
    methods=[dict(type='AdaptSegNet', gan='least_squares', weights=dict(decode_head=0.01))],
)
