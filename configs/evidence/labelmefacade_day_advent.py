# Evidence, LabelMeFacade -> CamVid by day: AdvEnt, two levels, weights as released.
_base_ = './labelmefacade_day_adaptsegnet.py'
weights = dict(decode_head=0.001, auxiliary_head=0.0002)
model = dict(methods=[dict(type='AdvEnt', weights=weights)])
