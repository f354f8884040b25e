# Cross-City (GA+CA without static prior), Cityscapes -> NTHU Rome, on DeepLab v2.
_base_ = '../maxsquare/cs2nthu_rome.py'
# Moving classes, for masks of static objects: from person on.
model = dict(target_loss=None, methods=[dict(type='CrossCity', moving=[7, 8, 9, 10, 11, 12])])
# Rates and length of the released code, which trains VGG-16; there 16 images make a step.
optim_wrapper = dict(
    constructor='MethodOptimWrapperConstructor',
    optimizer=dict(_delete_=True, type='Adam', lr=5e-6, weight_decay=5e-4),
    paramwise_cfg=dict(_delete_=True),
    methods=dict(
        optimizer=dict(type='Adam', lr=5e-5),
        paramwise_cfg=dict(custom_keys=dict(by_class=dict(lr_mult=2.0))),
    ),
)
param_scheduler = []
train_cfg = dict(max_iters=3000, val_interval=1000)
train_dataloader = dict(batch_size=4)
