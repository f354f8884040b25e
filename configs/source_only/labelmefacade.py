# Source model of the LabelMeFacade -> CamVid rows, six classes.
_base_ = [
    '../_base_/models/deeplabv2_efficientnet_lite0_multi.py',
    '../_base_/datasets/labelmefacade.py',
    '../_base_/schedules/camvid_source.py',
    '../_base_/default_runtime.py',
]
model = dict(decode_head=dict(num_classes=6), auxiliary_head=dict(num_classes=6))
