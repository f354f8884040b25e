# MaxSquare, digits, MNIST -> UCI.
_base_ = '../source_only/digits_mnist2uci.py'
model = dict(
    type='UDAImageClassifier',
    target_loss=dict(type='MaxSquareLoss', loss_weight=0.3),  # as in office31_a2w.py
)
train_dataloader = dict(
    sampler=dict(_delete_=True, type='UDASampler'),
    dataset=dict(_delete_=True, type='UDADataset', source=_base_.source, target=_base_.target),
)
custom_hooks = [dict(type='UDAHook', interval=20)]
load_from = 'work_dirs/source_only/digits_mnist2uci/iter_200.pth'
