# Self-training as CRST's code does CBST with ResNet-101: three rounds at a constant rate.
_base_ = './source_70k.py'
optim_wrapper = dict(optimizer=dict(lr=5e-5))
param_scheduler = []
# Two passes over 505 target images and about 810 source images (GTA5), in batches of two.
round_iters = 1315
train_cfg = dict(
    type='SelfTrainingLoop',
    rounds=3,
    round_iters=round_iters,
    max_iters=3 * round_iters,
    val_interval=round_iters,
    portion=0.2,
    select=505,
)
default_hooks = dict(checkpoint=dict(interval=round_iters))
