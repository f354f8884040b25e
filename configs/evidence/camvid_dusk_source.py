# Evidence, CamVid day -> dusk: as many source steps as an adaptation takes, no target.
_base_ = [
    '../_base_/models/deeplabv2_efficientnet_lite0.py',
    '../_base_/datasets/camvid_day.py',
    '../_base_/schedules/evidence.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(pretrained=None))
train_dataloader = dict(batch_size=2)
train_cfg = dict(val_interval=50)
custom_hooks = [dict(type='ImageAreasHook')]
load_from = 'work_dirs/source_only/camvid_day/iter_500.pth'
