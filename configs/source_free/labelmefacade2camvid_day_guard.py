# As labelmefacade2camvid_dusk_guard.py, by day.
# Drive 0016E5 is the target (172 of its 204 images are trained on, 32 held out), 0006R0 is scored.
_base_ = './labelmefacade2camvid_dusk_guard.py'
train_dataloader = dict(dataset=dict(target=dict(drives=('0016E5',), indices=172)))
guard = _base_.guard
guard.dataset.update(drives=('0016E5',), indices=-32)
custom_hooks = [dict(type='UDAHook', interval=20, panel_interval=0), guard]
val_dataloader = dict(
    dataset=dict(data_prefix=dict(img_path='train', seg_map_path='trainannot'), drives=('0006R0',))
)
test_dataloader = val_dataloader
