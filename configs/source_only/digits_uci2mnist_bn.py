_base_ = '../maxsquare/digits_uci2mnist.py'
model = dict(target_loss=dict(loss_weight=0.0))
