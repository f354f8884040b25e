# EntMin, Office-31, Amazon -> Webcam.
_base_ = '../maxsquare/office31_a2w.py'
model = dict(target_loss=dict(type='EntropyLoss', loss_weight=0.03))
