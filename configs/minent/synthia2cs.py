# MinEnt, SYNTHIA -> Cityscapes.
_base_ = '../maxsquare/synthia2cs.py'
model = dict(
    target_loss=dict(_delete_=True, type='EntropyLoss', class_average=True, loss_weight=0.1),
)
