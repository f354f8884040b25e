# MaxSquare+IW+Multi, GTA5 -> Cityscapes.
_base_ = './gta2cs_multi.py'
model = dict(
    target_loss=dict(alpha=0.2, weight_by='argmax', loss_weight=0.2),  # as in gta2cs_iw.py
    guidance=dict(loss_weight=0.05),  # of 0.2: lambda_T * lambda_low = 0.1 * 0.1
)
