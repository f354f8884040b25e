# Control: target images only pass through the batch norms (lambda_T = 0), SYNTHIA -> Cityscapes.
_base_ = '../maxsquare/synthia2cs.py'
model = dict(target_loss=dict(loss_weight=0.0))
