# Evidence, CamVid day -> dusk: MaxSquare+IW+Multi, Eq. 13 and 16 as printed.
_base_ = './camvid_dusk.py'
model = dict(
    target_loss=dict(alpha=0.2),
    auxiliary_head=dict(
        type='DeepLabV2Head',
        in_channels=80,
        in_index=0,
        num_classes=11,
        dilations=(3, 6, 9, 12),
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True, loss_weight=0.1),
    ),
    guidance=dict(threshold=0.95, loss_weight=0.1, normalizer='all_pixels'),
)
