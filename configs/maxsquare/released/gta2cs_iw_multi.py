# The released recipe of MaxSquare+IW+Multi, GTA5 -> Cityscapes.
# Only the differences to ../gta2cs_iw_multi.py.
_base_ = '../gta2cs_iw_multi.py'
model = dict(
    decode_head=dict(dilations=(6, 12)),
    auxiliary_head=dict(dilations=(6, 12)),
    target_loss=dict(loss_weight=0.18),  # lambda_T = 0.09 instead of 0.1; see gta2cs_iw.py
    guidance=dict(mask='any_class'),  # any class above the threshold, not only the ensemble's
)
optim_wrapper = dict(
    optimizer=dict(lr=7.5e-4),  # backbone
    paramwise_cfg=dict(  # 2.5e-3
        custom_keys=dict(decode_head=dict(lr_mult=10 / 3), auxiliary_head=dict(lr_mult=10 / 3))
    ),
)
# Target images at 1280 x 640, scored at that size.
resize = {**_base_.resize, 'scale': (1280, 640)}
target_pipeline = [_base_.load, resize, *_base_.augment]
scored = [_base_.load, resize, *_base_.network_input]
tta_steps = [[resize], *_base_.network_input_tta]
tta_pipeline = [_base_.load, dict(type='TestTimeAug', transforms=tta_steps)]
train_dataloader = dict(dataset=dict(target=dict(pipeline=target_pipeline)))
val_dataloader = dict(dataset=dict(pipeline=scored))
test_dataloader = val_dataloader
load_from = 'work_dirs/released/source_gta/iter_80000.pth'
