# Source model of all CamVid day -> dusk rows.
_base_ = [
    '../_base_/models/deeplabv2_efficientnet_lite0_multi.py',
    '../_base_/datasets/camvid_day.py',
    '../_base_/schedules/camvid_source.py',
    '../_base_/default_runtime.py',
]
