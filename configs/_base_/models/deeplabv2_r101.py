# DeepLab v2 with ResNet-101, one level, as in AdaptSegNet and the authors' code.
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[104.00698793, 116.66876762, 122.67891434],  # BGR, no division
        std=[1.0, 1.0, 1.0],
        size_divisor=1,
    ),
    backbone=dict(
        type='DeepLabV2ResNet',
        # None starts from random weights; the paper starts from ImageNet.
        pretrained='{{$MMSEG_MAXSQUARE_DATA:data}}/pretrained/DeepLab_resnet_pretrained_init-f81d91e8.pth',
    ),
    decode_head=dict(
        type='DeepLabV2Head',
        in_channels=2048,
        in_index=3,
        num_classes=19,
        dilations=(6, 12, 18, 24),
        align_corners=True,
        # Mean over the labelled pixels, as in the released code; Eq. 2 divides by all pixels.
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
