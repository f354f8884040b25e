# Cityscapes val at full resolution, images resized to 1024 x 512 for the network; shared by
# all data sets with Cityscapes' classes.
data_root = '{{$MMSEG_MAXSQUARE_DATA:data}}/cityscapes'
classes16 = (  # shared with SYNTHIA
    'road', 'sidewalk', 'building', 'wall', 'fence', 'pole', 'traffic light', 'traffic sign',
    'vegetation', 'sky', 'person', 'rider', 'car', 'bus', 'motorcycle', 'bicycle',
)  # fmt: skip
classes13 = (  # shared with NTHU; also reported for SYNTHIA beside the 16
    'road', 'sidewalk', 'building', 'traffic light', 'traffic sign',
    'vegetation', 'sky', 'person', 'rider', 'car', 'bus', 'motorcycle', 'bicycle',
)  # fmt: skip
resize = dict(
    type='Resize', scale=(1024, 512), keep_ratio=False, backend='pillow', interpolation='bicubic'
)
load = dict(type='LoadImageFromFile')
labels = dict(type='LoadAnnotations')
pack = dict(type='PackSegInputs')
augment = [dict(type='RandomGaussianBlur'), dict(type='RandomFlip', prob=0.5), pack]
target_pipeline = [load, resize, *augment]  # a source uses [load, labels, its resize, *augment]
# The two evaluation protocols; configs/maxsquare/released/ uses the second. Labels are
# loaded after the resize and keep their size.
full_resolution = [labels, dict(type='EvaluationProtocol', name='full_resolution'), pack]
network_input = [labels, dict(type='EvaluationProtocol', name='network_input'), pack]
flips = [  # their probabilities are averaged
    dict(type='RandomFlip', prob=0.0, direction='horizontal'),
    dict(type='RandomFlip', prob=1.0, direction='horizontal'),
]
full_resolution_tta = [flips, *([step] for step in full_resolution)]
network_input_tta = [flips, *([step] for step in network_input)]
test_pipeline = [load, resize, *full_resolution]
tta_pipeline = [load, dict(type='TestTimeAug', transforms=[[resize], *full_resolution_tta])]
released_test_pipeline = [load, resize, *network_input]
released_tta_pipeline = [load, dict(type='TestTimeAug', transforms=[[resize], *network_input_tta])]
# CBST trains, labels and tests at the size of the images.
whole = {**resize, 'scale': (2048, 1024)}
whole_test_pipeline = [load, whole, *full_resolution]
whole_tta_pipeline = [load, dict(type='TestTimeAug', transforms=[[whole], *full_resolution_tta])]
# One labelled image per step; the data set is in gta.py, synthia.py or cityscapes13.py.
train_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
)
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
