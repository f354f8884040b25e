# As camvid_day2dusk_guard.py, with the labelled source in every step.
_base_ = './camvid_day2dusk_guard.py'
train_dataloader = dict(dataset=dict(source=dict(_delete_=True, **_base_.source)))
