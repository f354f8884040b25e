# Evidence, LabelMeFacade -> CamVid by day: source-free, as adapt does it.
_base_ = './labelmefacade_day.py'
model = dict(
    trained_params='norm',
    target_loss=dict(alpha=0.2, loss_weight=1.0),
    anchor=dict(checkpoint=None, loss_weight=0.3),
)
train_dataloader = dict(dataset=dict(source=None))
optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=1e-3))
param_scheduler = []
