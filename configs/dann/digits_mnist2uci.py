# DANN, digits, MNIST -> UCI.
_base_ = '../maxsquare/digits_mnist2uci.py'
model = dict(
    target_loss=None,
    methods=[dict(type='DANN', steps=_base_.max_iters)],
)
