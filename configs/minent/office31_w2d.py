# EntMin, Office-31, Webcam -> DSLR.
_base_ = '../maxsquare/office31_w2d.py'
model = dict(target_loss=dict(type='EntropyLoss', loss_weight=0.03))
