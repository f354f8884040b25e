# Evidence, CamVid day -> dusk: AdvEnt, two levels, weights as released.
_base_ = './camvid_dusk_adaptsegnet.py'
weights = dict(decode_head=0.001, auxiliary_head=0.0002)
model = dict(methods=[dict(type='AdvEnt', weights=weights)])
