# A source model in minutes on two cores.
_base_ = './source_70k.py'
optim_wrapper = dict(
    optimizer=dict(lr=1e-2),
    # The maps of EfficientNet-Lite0 are large and linear; at the backbone's learning
    # rate (let alone ten times that) the loss of their classifier rises.
    paramwise_cfg=dict(
        custom_keys=dict(decode_head=dict(lr_mult=0.2), auxiliary_head=dict(lr_mult=1.0))
    ),
)
max_iters = 500
param_scheduler = [
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=max_iters + 1, by_epoch=False)
]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(logger=dict(interval=20), checkpoint=dict(interval=100, max_keep_ckpts=1))
