# EntMin, Office-31, Amazon -> DSLR.
_base_ = '../maxsquare/office31_a2d.py'
model = dict(target_loss=dict(type='EntropyLoss', loss_weight=0.03))
