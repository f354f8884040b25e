# Evidence, CamVid day -> dusk: MinEnt of ADVENT, two levels, weights as released.
_base_ = './camvid_dusk_multi.py'
weights = dict(decode_head=0.001, auxiliary_head=0.0002)
model = dict(
    target_loss=None,
    guidance=None,
    methods=[dict(type='AdventMinEnt', weights=weights)],
)
