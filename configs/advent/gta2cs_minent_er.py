# MinEnt of ADVENT on the most uncertain pixels (entropy ranking), GTA5 -> Cityscapes.
_base_ = './gta2cs_minent.py'
weights = dict(decode_head=0.001, auxiliary_head=0.0002)
model = dict(methods=[dict(type='AdventMinEnt', hardest=0.3, weights=weights)])
