# CBST, GTA5 -> Cityscapes, with ResNet-101 and all 2,975 target images instead of 505.
_base_ = './gta2cs.py'
# Two passes over 2,975 target images and about 810 source images, in batches of two.
round_iters = 3785
train_cfg = dict(
    select=None, round_iters=round_iters, max_iters=3 * round_iters, val_interval=round_iters
)
default_hooks = dict(checkpoint=dict(interval=round_iters))
