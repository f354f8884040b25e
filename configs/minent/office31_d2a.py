# EntMin, Office-31, DSLR -> Amazon.
_base_ = '../maxsquare/office31_d2a.py'
model = dict(target_loss=dict(type='EntropyLoss', loss_weight=0.03))
