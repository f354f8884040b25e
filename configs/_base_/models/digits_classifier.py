# A ResNet-18 with a quarter of the channels, for grey images of 32 x 32.
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[128.0] * 3, std=[128.0] * 3, size_divisor=1
    ),
    backbone=dict(
        type='TorchvisionResNet', pretrained=None, depth=18, stem_channels=16, base_channels=16
    ),
    in_channels=128,
    num_classes=10,
)
