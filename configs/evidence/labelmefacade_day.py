# Evidence, LabelMeFacade -> CamVid by day: MaxSquare, Eq. 6 as printed.
# The guard looks at 32 target images, which are not trained on.
_base_ = './labelmefacade_dusk.py'
train_dataloader = dict(dataset=dict(target=dict(drives=('0016E5',), indices=172)))
guard = _base_.guard
guard.dataset.update(drives=('0016E5',), indices=-32)
custom_hooks = [
    dict(type='UDAHook', interval=20, panel_interval=0),
    guard,
    dict(type='ImageAreasHook'),
]
val_dataloader = dict(
    dataset=dict(data_prefix=dict(img_path='train', seg_map_path='trainannot'), drives=('0006R0',))
)
test_dataloader = val_dataloader
