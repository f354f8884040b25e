# AdaptSegNet's and ADVENT's released start and rate: from ImageNet, a schedule of 250,000 steps
# that a leaf cuts off.
_base_ = './source_70k.py'
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=250001, by_epoch=False)]
train_cfg = dict(max_iters=150000, val_interval=10000)
custom_hooks = [dict(type='UDAHook')]
