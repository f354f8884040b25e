# Control: target images only pass through the batch norms (lambda_T = 0), digits, UCI -> MNIST.
_base_ = '../maxsquare/digits_uci2mnist.py'
model = dict(target_loss=dict(loss_weight=0.0))
