# AdaptSegNet, one level, GTA5 -> Cityscapes.
_base_ = './gta2cs.py'
model = dict(
    auxiliary_head=None,
    methods=[dict(type='AdaptSegNet', weights=dict(decode_head=0.001))],
)
