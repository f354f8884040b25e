# The two-level network: deeplabv2_r101.py with a low-level classifier on conv4.
_base_ = './deeplabv2_r101.py'
model = dict(
    auxiliary_head=dict(
        type='DeepLabV2Head',
        in_channels=1024,
        in_index=2,
        num_classes=19,
        dilations=(6, 12, 18, 24),
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True, loss_weight=0.1),
    ),
)
