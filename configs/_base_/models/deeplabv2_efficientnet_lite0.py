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
        output_stride=16,
        out_indices=(4, 6),
    ),
    decode_head=dict(
        type='DeepLabV2Head',
        in_channels=320,
        in_index=1,
        num_classes=11,
        # Half the paper's rates: maps at stride 16 are half as fine as its stride 8.
        dilations=(3, 6, 9, 12),
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
