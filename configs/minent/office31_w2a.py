# EntMin, Office-31, Webcam -> Amazon.
_base_ = '../maxsquare/office31_w2a.py'
model = dict(target_loss=dict(type='EntropyLoss', loss_weight=0.03))
