# The released recipe of the source model, GTA5 -> Cityscapes.
# Only the differences to source_only/gta.py.
_base_ = '../../source_only/gta.py'
model = dict(
    # A return inside the classifier's loop: dilations 18 and 24 are never used.
    decode_head=dict(dilations=(6, 12)),
    auxiliary_head=dict(dilations=(6, 12)),
)
optim_wrapper = dict(
    # Its optimizer holds most tensors of the backbone three times, which triples their rate,
    optimizer=dict(lr=7.5e-4),
    # but not that of the classifiers: 2.5e-3 as in the paper.
    paramwise_cfg=dict(
        custom_keys=dict(decode_head=dict(lr_mult=10 / 3), auxiliary_head=dict(lr_mult=10 / 3))
    ),
)
# The schedule is for 200,000 steps, but the training stops at 80,000.
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, begin=0, end=200001, by_epoch=False)]
train_cfg = dict(max_iters=80000)
# Scored at the network's input size.
tta_pipeline = _base_.released_tta_pipeline
val_dataloader = dict(dataset=dict(pipeline=_base_.released_test_pipeline))
test_dataloader = val_dataloader
# Its list of 12,403 images: train_dataloader.dataset.ann_file (see docs/datasets/gta5.md).
