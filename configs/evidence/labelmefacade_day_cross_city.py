# Evidence, LabelMeFacade -> CamVid by day: Cross-City (GA+CA without static prior).
_base_ = './labelmefacade_day.py'
model = dict(target_loss=None, methods=[dict(type='CrossCity')])
optim_wrapper = dict(
    constructor='MethodOptimWrapperConstructor',
    methods=dict(
        optimizer=dict(type='Adam', lr=5e-5),
        paramwise_cfg=dict(custom_keys=dict(by_class=dict(lr_mult=2.0))),
    ),
)
