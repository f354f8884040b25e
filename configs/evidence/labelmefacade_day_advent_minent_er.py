# Evidence, LabelMeFacade -> CamVid by day: MinEnt on the 30 % most uncertain pixels.
_base_ = './labelmefacade_day_advent_minent.py'
model = dict(methods=[dict(type='AdventMinEnt', hardest=0.3, weights=_base_.weights)])
