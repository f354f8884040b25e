# MaxSquare+IW, Cityscapes -> NTHU Rome.
_base_ = './cs2nthu_rome.py'
model = dict(
    # The released code weights a pixel by its predicted class and drops the 1/2 of
    # Eq. 13, so its lambda_T = 0.1 is 0.2 here.
    target_loss=dict(alpha=0.2, weight_by='argmax', loss_weight=0.2),
)
