# AdvEnt from our source model, as the MaxSquare rows, GTA5 -> Cityscapes.
_base_ = '../adaptsegnet/gta2cs_from_source.py'
model = dict(
    methods=[dict(type='AdvEnt', weights=dict(decode_head=0.001, auxiliary_head=0.0002))],
)
