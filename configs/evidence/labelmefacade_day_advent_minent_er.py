# Evidence, LabelMeFacade -> CamVid by day: MinEnt of ADVENT on the 30 % most uncertain pixels, weights as released.
_base_ = './labelmefacade_day_advent_minent.py'
model = dict(methods=[dict(type='AdventMinEnt', hardest=0.3, weights=_base_.weights)])
