# Overrides with which the demo scales the real gta2cs configs down to
# minutes on two cores: a small network, small images, few steps.
image_scale = (256, 128)
source = dict(max_iters=200, lr=1e-2, batch_size=4)
adapt = dict(max_iters=150, lr=5e-3, batch_size=2)

model = dict(
    data_preprocessor=dict(mean=[127.0] * 3, std=[128.0] * 3, bgr_to_rgb=True),
    backbone=dict(
        _delete_=True,
        type='EfficientNetLite',
        pretrained='imagenet',
        output_stride=8,
        out_indices=(3, 4),  # the last two stages cost as much as all earlier ones
    ),
    decode_head=dict(in_channels=112, in_index=1, dilations=(1, 2, 4, 8)),
    auxiliary_head=dict(in_channels=80, in_index=0, dilations=(1, 2, 4, 8)),
)
train_dataloader = dict(num_workers=1)
val_dataloader = dict(num_workers=1)
test_dataloader = dict(num_workers=1)
optim_wrapper = dict(  # see configs/_base_/schedules/camvid_source.py
    paramwise_cfg=dict(
        custom_keys=dict(decode_head=dict(lr_mult=0.2), auxiliary_head=dict(lr_mult=1.0))
    )
)
