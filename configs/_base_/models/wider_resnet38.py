# Wider ResNet-38 (variant A1) as CBST uses it: stored statistics in batch norms.
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=(504, 504),
        seg_pad_val=255,
        test_cfg=dict(size_divisor=1),
    ),
    backbone=dict(
        type='WiderResNet38',
        # None starts from random weights. The published file, converted.
        pretrained='{{$MMSEG_MAXSQUARE_DATA:data}}/pretrained/wider_resnet38_a1.pth',
    ),
    decode_head=dict(
        type='WiderResNetHead',
        in_index=0,
        num_classes=19,
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
