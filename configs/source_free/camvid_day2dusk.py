# Source-free: squares on norm layers with the class-share anchor, CamVid day -> dusk.
_base_ = '../maxsquare/camvid_day2dusk.py'
model = dict(
    trained_params='norm',
    target_loss=dict(class_average=False, alpha=0.2, loss_weight=1.0),
    anchor=dict(checkpoint=_base_.load_from, loss_weight=0.3),
)
train_dataloader = dict(dataset=dict(source=None))
optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=1e-3))
param_scheduler = []
train_cfg = dict(max_iters=300, val_interval=100)
