# Control: target images only pass through the batch norms (lambda_T = 0), CamVid day -> dusk.
_base_ = '../maxsquare/camvid_day2dusk.py'
model = dict(target_loss=dict(loss_weight=0.0))
