# AdvEnt, two levels, CamVid day -> dusk.
_base_ = './camvid_day2dusk_minent.py'
model = dict(
    methods=[dict(type='AdvEnt', weights=dict(decode_head=0.001, auxiliary_head=0.0002))],
)
optim_wrapper = dict(
    constructor='MethodOptimWrapperConstructor',
    methods=dict(optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99))),
)
