# As camvid_day2dusk_guard.py, with information maximisation and no anchor.
_base_ = './camvid_day2dusk_guard.py'
model = dict(
    target_loss=dict(_delete_=True, type='InformationMaximisationLoss'),
    anchor=None,
)
