# From random weights, in seconds on one core: the same learning rate for all layers.
_base_ = './classification.py'
optim_wrapper = dict(optimizer=dict(lr=0.05), paramwise_cfg=dict(_delete_=True))
max_iters = 200
param_scheduler = [
    dict(type='InverseDecayLR', alpha=10.0, beta=0.75, end=max_iters, by_epoch=False)
]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(interval=max_iters, max_keep_ckpts=1))
