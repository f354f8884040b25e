# Control: target images only pass through the batch norms (lambda_T = 0), digits, MNIST -> UCI.
_base_ = '../maxsquare/digits_mnist2uci.py'
model = dict(target_loss=dict(loss_weight=0.0))
