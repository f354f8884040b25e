# Evidence, LabelMeFacade -> CamVid by day: AdaptSegNet, two levels, weights as released.
_base_ = './labelmefacade_day_multi.py'
model = dict(
    target_loss=None,
    guidance=None,
    methods=[dict(type='AdaptSegNet', weights=dict(decode_head=0.001, auxiliary_head=0.0002))],
)
optim_wrapper = dict(
    constructor='MethodOptimWrapperConstructor',
    methods=dict(optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99))),
)
