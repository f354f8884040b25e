# Adaptation of a source model. The paper does not state the length; the released code
# runs 5 rounds of 2 epochs of 2,976 steps.
_base_ = './source_70k.py'
max_iters = 29760
param_scheduler = [
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=max_iters + 1, by_epoch=False)
]
train_cfg = dict(max_iters=max_iters, val_interval=2976)
default_hooks = dict(checkpoint=dict(interval=2976))
custom_hooks = [dict(type='UDAHook')]
