# Control: target images only pass through the batch norms (lambda_T = 0), NTHU Rome.
_base_ = '../maxsquare/cs2nthu_rome.py'
model = dict(target_loss=dict(loss_weight=0.0))
