# Section 4.2; the recipe that it follows ([10]) trains the new classifier at ten times the
# learning rate. The paper states neither weight decay nor length: these are our choice.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys=dict(classifier=dict(lr_mult=10.0))),
)
max_iters = 2000
param_scheduler = [
    dict(type='InverseDecayLR', alpha=10.0, beta=0.75, end=max_iters, by_epoch=False)
]
train_cfg = dict(type='ResumableTrainLoop', max_iters=max_iters, val_interval=500)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='OracleCheckpointHook', by_epoch=False, interval=500, max_keep_ckpts=2),
    finite=dict(type='NonFiniteHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
)
