# Evidence, LabelMeFacade -> CamVid by day: CBST, two rounds of 100 steps.
_base_ = [
    '../_base_/models/deeplabv2_efficientnet_lite0_multi.py',
    '../_base_/datasets/labelmefacade2camvid_day.py',
    '../_base_/schedules/evidence.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(pretrained=None),
    decode_head=dict(num_classes=6),
    auxiliary_head=dict(num_classes=6),
)
load, pack = dict(type='LoadImageFromFile'), dict(type='PackSegInputs')
target = dict(
    type='CamVidDataset',
    data_root=_base_.data_root,
    drives=('0016E5',),
    indices=172,
    metainfo=dict(classes=_base_.classes),
    pipeline=[
        load,
        dict(type='LoadPseudoLabels'),
        _base_.resize,
        dict(type='RandomGaussianBlur'),
        dict(type='RandomFlip', prob=0.5),
        pack,
    ],
)
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        _delete_=True,
        type='SelfTrainingDataset',
        source=_base_.source,
        target=target,
        labelling_pipeline=[load, _base_.resize, pack],
    ),
)
param_scheduler = []  # constant in a round
train_cfg = dict(
    type='SelfTrainingLoop',
    rounds=2,
    round_iters=100,
    val_interval=100,
    portion=0.2,
    # About as many images as the target has.
    source_share=0.18,
    source_share_step=0.0,
    max_source_share=0.18,
)
custom_hooks = [dict(type='ImageAreasHook')]
load_from = 'work_dirs/source_only/labelmefacade/iter_500.pth'
