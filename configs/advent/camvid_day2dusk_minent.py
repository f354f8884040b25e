# MinEnt of ADVENT, two levels, CamVid day -> dusk.
_base_ = '../maxsquare/camvid_day2dusk_iw_multi.py'
model = dict(
    target_loss=None,
    guidance=None,
    methods=[dict(type='AdventMinEnt', weights=dict(decode_head=0.001, auxiliary_head=0.0002))],
)
