# AdaptSegNet, two levels, Cityscapes -> NTHU Rio.
_base_ = './cs2nthu_rome.py'
train_dataloader = dict(dataset=dict(target=dict(city='Rio')))
val_dataloader = dict(dataset=dict(city='Rio'))
test_dataloader = val_dataloader
