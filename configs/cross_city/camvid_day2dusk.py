# Cross-City (GA+CA without static prior), CamVid day -> dusk.
_base_ = '../maxsquare/camvid_day2dusk.py'
# A tenth of the released schedule, as the run has a tenth of its steps.
method = dict(type='CrossCity', ramp=120, start=100, moving=[8, 9, 10])
model = dict(target_loss=None, methods=[method])
optim_wrapper = dict(
    constructor='MethodOptimWrapperConstructor',
    methods=dict(
        optimizer=dict(type='Adam', lr=5e-5),
        paramwise_cfg=dict(custom_keys=dict(by_class=dict(lr_mult=2.0))),
    ),
)
