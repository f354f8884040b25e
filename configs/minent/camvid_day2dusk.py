# MinEnt, CamVid day -> dusk.
_base_ = '../maxsquare/camvid_day2dusk.py'
model = dict(
    target_loss=dict(_delete_=True, type='EntropyLoss', class_average=True, loss_weight=0.1),
)
