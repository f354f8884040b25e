# The released recipe of MaxSquare, GTA5 -> Cityscapes.
# Only the differences to ../gta2cs.py. It has the same number of steps (29,760); the
# reasons for learning rates and dilations are in source_gta.py.
_base_ = '../gta2cs.py'
model = dict(decode_head=dict(dilations=(6, 12)))  # 18 and 24 are never used
optim_wrapper = dict(
    optimizer=dict(lr=7.5e-4),  # backbone
    paramwise_cfg=dict(custom_keys=dict(decode_head=dict(lr_mult=10 / 3))),  # 2.5e-3
)
# Scored at the network's input size.
tta_pipeline = _base_.released_tta_pipeline
val_dataloader = dict(dataset=dict(pipeline=_base_.released_test_pipeline))
test_dataloader = val_dataloader
# Its list of 12,403 images: train_dataloader.dataset.source.ann_file.
load_from = 'work_dirs/released/source_gta/iter_80000.pth'
