# EntMin, Office-31, DSLR -> Webcam.
_base_ = '../maxsquare/office31_d2w.py'
model = dict(target_loss=dict(type='EntropyLoss', loss_weight=0.03))
