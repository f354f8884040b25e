# EntMin, digits, MNIST -> UCI.
_base_ = '../maxsquare/digits_mnist2uci.py'
model = dict(target_loss=dict(type='EntropyLoss', loss_weight=0.03))
