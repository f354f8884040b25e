# An adaptation in minutes on two cores: two images of each domain per step.
_base_ = './camvid_source.py'
optim_wrapper = dict(optimizer=dict(lr=5e-3))
max_iters = 300
param_scheduler = [
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=max_iters + 1, by_epoch=False)
]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
