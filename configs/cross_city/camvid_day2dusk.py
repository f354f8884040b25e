# Cross-City (GA+CA without static prior), CamVid day -> dusk.
_base_ = '../maxsquare/camvid_day2dusk.py'
model = dict(target_loss=None, methods=[dict(type='CrossCity')])
optim_wrapper = dict(
    constructor='MethodOptimWrapperConstructor',
    methods=dict(
        optimizer=dict(type='Adam', lr=5e-5),
        paramwise_cfg=dict(custom_keys=dict(by_class=dict(lr_mult=2.0))),
    ),
)
