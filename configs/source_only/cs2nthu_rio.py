# The source model, scored on Rio; it is not trained again.
_base_ = './cs2nthu_rome.py'
val_dataloader = dict(dataset=dict(city='Rio'))
test_dataloader = val_dataloader
