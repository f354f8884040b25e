# The source model, scored on Taipei; it is not trained again.
_base_ = './cs2nthu_rome.py'
val_dataloader = dict(dataset=dict(city='Taipei'))
test_dataloader = val_dataloader
