# Control: target images only pass through the batch norms (lambda_T = 0), NTHU Tokyo.
_base_ = '../maxsquare/cs2nthu_tokyo.py'
model = dict(target_loss=dict(loss_weight=0.0))
