# Cityscapes val at full resolution, images shrunk to 1024 x 512 for the network; what
# all data sets with Cityscapes' classes share.
data_root = '{{$MMSEG_MAXSQUARE_DATA:data}}/cityscapes'
classes16 = (  # shared with SYNTHIA
    'road', 'sidewalk', 'building', 'wall', 'fence', 'pole', 'traffic light', 'traffic sign',
    'vegetation', 'sky', 'person', 'rider', 'car', 'bus', 'motorcycle', 'bicycle',
)  # fmt: skip
classes13 = (  # shared with NTHU, and what SYNTHIA's papers report beside the 16
    'road', 'sidewalk', 'building', 'traffic light', 'traffic sign',
    'vegetation', 'sky', 'person', 'rider', 'car', 'bus', 'motorcycle', 'bicycle',
)  # fmt: skip
resize = dict(
    type='Resize', scale=(1024, 512), keep_ratio=False, backend='pillow', interpolation='bicubic'
)
target_pipeline = [
    dict(type='LoadImageFromFile'),
    resize,
    dict(type='RandomGaussianBlur'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
# The two evaluation protocols; configs/maxsquare/released/ uses the second.
full_resolution = dict(type='EvaluationProtocol', name='full_resolution')
network_input = dict(type='EvaluationProtocol', name='network_input')
test_pipeline = [
    dict(type='LoadImageFromFile'),
    resize,
    dict(type='LoadAnnotations'),  # behind the resize: labels keep their size
    full_resolution,
    dict(type='PackSegInputs'),
]
flips = [
    dict(type='RandomFlip', prob=0.0, direction='horizontal'),
    dict(type='RandomFlip', prob=1.0, direction='horizontal'),
]
tta_pipeline = [  # averages the probabilities of both
    dict(type='LoadImageFromFile'),
    dict(
        type='TestTimeAug',
        transforms=[
            [resize],
            flips,
            [dict(type='LoadAnnotations')],
            [full_resolution],
            [dict(type='PackSegInputs')],
        ],
    ),
]
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CityscapesLabelIdDataset',
        data_root=data_root,
        data_prefix=dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(
    type='SubsetIoUMetric',
    iou_metrics=['mIoU'],
    subsets=dict(mIoU16=classes16, mIoU13=classes13),
)
test_evaluator = val_evaluator
