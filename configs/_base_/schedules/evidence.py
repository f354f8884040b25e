# The study of the evidence: 200 steps, the length of adapt.
_base_ = './camvid_adapt.py'
max_iters = 200
param_scheduler = [
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=max_iters + 1, by_epoch=False)
]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
