# MaxSquare, Office-31, Amazon -> Webcam.
_base_ = '../source_only/office31_a2w.py'
model = dict(
    type='UDAImageClassifier',
    # The paper does not say which normalisation its lambda_T of Table 1 belongs to; here
    # Eq. 6 and 3 are used as printed. With the mean over classes too (class_average) both
    # losses are 31 times weaker.
    target_loss=dict(type='MaxSquareLoss', loss_weight=0.3),
)
train_dataloader = dict(
    sampler=dict(_delete_=True, type='UDASampler'),
    dataset=dict(_delete_=True, type='UDADataset', source=_base_.source, target=_base_.target),
)
custom_hooks = [dict(type='UDAHook')]
