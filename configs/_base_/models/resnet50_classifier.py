# ResNet-50 from ImageNet with a new classifier, as in Section 4.2.
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size_divisor=1,
    ),
    backbone=dict(
        type='TorchvisionResNet',
        # None starts from random weights.
        pretrained='{{$MMSEG_MAXSQUARE_DATA:data}}/pretrained/resnet50-0676ba61.pth',
    ),
    in_channels=2048,
    num_classes=31,
)
