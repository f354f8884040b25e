# Control: as many source steps as an adaptation takes, no target, CamVid day -> dusk.
_base_ = [
    '../_base_/models/deeplabv2_efficientnet_lite0.py',
    '../_base_/datasets/camvid_day.py',
    '../_base_/schedules/camvid_adapt.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=2)  # the source half of the adaptations
model = dict(backbone=dict(pretrained=None))  # load_from brings all weights
load_from = 'work_dirs/source_only/camvid_day/iter_500.pth'
