# CBST's own schedule, with Wider ResNet-38: six rounds, whose rates fall by the root of two.
_base_ = './cbst.py'
optim_wrapper = dict(
    optimizer=dict(lr=1e-4),
    paramwise_cfg=dict(_delete_=True, bias_lr_mult=2.0, bias_decay_mult=0.0),
)
# Two passes over 505 target images and about 905 source images (GTA5), in batches of two.
round_iters = 1410
milestones = [round_iters * i for i in range(1, 6)]
param_scheduler = [dict(type='MultiStepLR', milestones=milestones, gamma=0.5**0.5, by_epoch=False)]
train_cfg = dict(
    rounds=6,
    round_iters=round_iters,
    max_iters=6 * round_iters,
    val_interval=round_iters,
    fewest_rare=3,
)
default_hooks = dict(checkpoint=dict(interval=round_iters))
