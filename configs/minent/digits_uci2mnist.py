# EntMin, digits, UCI -> MNIST.
_base_ = '../maxsquare/digits_uci2mnist.py'
model = dict(target_loss=dict(type='EntropyLoss', loss_weight=0.03))
