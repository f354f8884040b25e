# Amazon (labelled), and Webcam: unlabelled for adaptation, labelled for the evaluation.
data_root = '{{$MMSEG_MAXSQUARE_DATA:data}}/office31'
# The usual ImageNet augmentation of fine-tuning; the paper does not state its own.
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(256, 256), keep_ratio=False),
    dict(type='RandomCrop', crop_size=(224, 224)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackClassInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(256, 256), keep_ratio=False),
    dict(type='CenterCrop', crop_size=(224, 224)),
    dict(type='PackClassInputs'),
]
source = dict(type='Office31Dataset', domain='amazon', data_root=data_root, pipeline=train_pipeline)
target = dict(type='Office31Dataset', domain='webcam', data_root=data_root, pipeline=train_pipeline)
# Half of the paper's batch of 128; the other half is for the target.
train_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=source,
)
# All images of the target, as usual for Office-31.
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='Office31Dataset', domain='webcam', data_root=data_root, pipeline=test_pipeline
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='ClassAccuracyMetric')
test_evaluator = val_evaluator
