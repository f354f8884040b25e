# deeplabv2_efficientnet_lite0.py with a low-level classifier one stage earlier.
_base_ = './deeplabv2_efficientnet_lite0.py'
model = dict(
    auxiliary_head=dict(
        type='DeepLabV2Head',
        in_channels=80,
        in_index=0,
        num_classes=11,
        dilations=(3, 6, 9, 12),
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True, loss_weight=0.1),
    ),
)
