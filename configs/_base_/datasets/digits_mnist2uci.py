# MNIST's training half (labelled) and UCI's (unlabelled); evaluation on UCI's test half.
pipeline = [
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    dict(type='PackClassInputs'),
]
source = dict(type='DigitsDataset', name='mnist', split='train', pipeline=pipeline)
target = dict(type='DigitsDataset', name='uci', split='train', pipeline=pipeline)
train_dataloader = dict(
    batch_size=64,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=source,
)
val_dataloader = dict(
    batch_size=128,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='DigitsDataset', name='uci', split='test', pipeline=pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='ClassAccuracyMetric')
test_evaluator = val_evaluator
