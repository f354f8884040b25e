# A source model in minutes on two cores.
_base_ = './source_70k.py'
optim_wrapper = dict(optimizer=dict(lr=2e-3))
max_iters = 800
param_scheduler = [
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=max_iters + 1, by_epoch=False)
]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(
    logger=dict(interval=20), checkpoint=dict(interval=200, max_keep_ckpts=1)
)
