# MinEnt of ADVENT on the most uncertain pixels (entropy ranking), CamVid day -> dusk.
_base_ = './camvid_day2dusk_minent.py'
weights = dict(decode_head=0.001, auxiliary_head=0.0002)
model = dict(methods=[dict(type='AdventMinEnt', hardest=0.3, weights=weights)])
