# Evidence, CamVid day -> dusk: CBST, two rounds of 100 steps.
_base_ = '../cbst/camvid_day2dusk.py'
train_dataloader = dict(dataset=dict(target=dict(indices=50)))
train_cfg = dict(rounds=2, max_iters=200, val_interval=100)
custom_hooks = [dict(type='ImageAreasHook')]
