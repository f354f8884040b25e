# MinEnt of ADVENT from our source model, as the MaxSquare rows, GTA5 -> Cityscapes.
_base_ = '../maxsquare/gta2cs_multi.py'
model = dict(
    target_loss=None,
    guidance=None,
    methods=[dict(type='AdventMinEnt', weights=dict(decode_head=0.001, auxiliary_head=0.0002))],
)
