# DeepLab v2 on EfficientNet-Lite0, for machines without a GPU.
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[127.0, 127.0, 127.0],
        std=[128.0, 128.0, 128.0],
        bgr_to_rgb=True,
        size_divisor=1,
    ),
    backbone=dict(
        type='EfficientNetLite',
        pretrained='imagenet',
        # Finer maps with fewer channels than those of the last stage, at the same cost.
        output_stride=8,
        out_indices=(3, 4),
    ),
    decode_head=dict(
        type='DeepLabV2Head',
        in_channels=112,
        in_index=1,
        num_classes=11,
        dilations=(3, 6, 9, 12),
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
