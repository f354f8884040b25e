# DANN, Office-31, Amazon -> Webcam.
_base_ = '../maxsquare/office31_a2w.py'
model = dict(
    target_loss=None,
    methods=[dict(type='DANN', steps=_base_.max_iters)],
)
# New layers learn ten times faster, as the new classifier.
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(methods=dict(lr_mult=10.0))))
