# AdaptSegNet, two levels, with all four rates of DeepLab v2, GTA5 -> Cityscapes.
_base_ = './gta2cs.py'
model = dict(
    decode_head=dict(dilations=(6, 12, 18, 24)), auxiliary_head=dict(dilations=(6, 12, 18, 24))
)
