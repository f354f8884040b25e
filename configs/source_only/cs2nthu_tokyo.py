# The source model, scored on Tokyo; it is not trained again.
_base_ = './cs2nthu_rome.py'
val_dataloader = dict(dataset=dict(city='Tokyo'))
test_dataloader = val_dataloader
