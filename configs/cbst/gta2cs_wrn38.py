# CBST, GTA5 -> Cityscapes, with Wider ResNet-38.
_base_ = [
    '../_base_/models/wider_resnet38.py',
    '../_base_/datasets/gta2cs.py',
    '../_base_/schedules/cbst_wrn38.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(pretrained=None))
near = dict(type='RandomResize', scale=(1914, 1052), ratio_range=(0.7, 1.3), keep_ratio=True)
far = dict(type='RandomResize', scale=(2048, 1024), ratio_range=(0.7, 1.3), keep_ratio=True)
crop = dict(type='RareClassCrop', crop_size=(504, 504))
label_size = {**_base_.resize, 'scale': (1850, 925)}
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        type='SelfTrainingDataset',
        source=dict(pipeline=[_base_.load, _base_.labels, near, crop, _base_.pack]),
        target=dict(pipeline=[_base_.load, dict(type='LoadPseudoLabels'), far, crop, _base_.pack]),
        labelling_pipeline=[_base_.load, label_size, _base_.pack],
    ),
)
val_dataloader = dict(dataset=dict(pipeline=_base_.whole_test_pipeline))
test_dataloader = val_dataloader
tta_pipeline = _base_.whole_tta_pipeline
train_cfg = dict(portion=0.15)
load_from = 'work_dirs/source_only/gta_wrn38/iter_46800.pth'
