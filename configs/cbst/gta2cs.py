# CBST, GTA5 -> Cityscapes, with ResNet-101; the paper's row has Wider ResNet-38.
_base_ = [
    '../_base_/models/deeplabv2_r101.py',
    '../_base_/datasets/gta2cs.py',
    '../_base_/schedules/cbst.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(size=(512, 1024), size_divisor=None, seg_pad_val=255),
    backbone=dict(pretrained=None, norm_eval=True),  # stored statistics, as in CRST's code
)
scale = dict(type='RandomResize', scale=(2048, 1024), ratio_range=(0.5, 1.5), keep_ratio=True)
source_steps = [_base_.labels, scale, dict(type='RandomCrop', crop_size=(512, 1024)), _base_.pack]
target_steps = [
    dict(type='LoadPseudoLabels'), scale, dict(type='RareClassCrop', crop_size=(512, 1024)),
    _base_.pack,
]  # fmt: skip
label_size = {**_base_.resize, 'scale': (1843, 922)}  # 0.9 of the images
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        type='SelfTrainingDataset',
        source=dict(pipeline=[_base_.load, *source_steps]),
        target=dict(pipeline=[_base_.load, *target_steps]),
        labelling_pipeline=[_base_.load, label_size, _base_.pack],
    ),
)
val_dataloader = dict(dataset=dict(pipeline=_base_.whole_test_pipeline))
test_dataloader = val_dataloader
tta_pipeline = _base_.whole_tta_pipeline
load_from = 'work_dirs/source_only/gta/iter_70000.pth'
