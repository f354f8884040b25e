# DANN, Office-31, Webcam -> DSLR.
_base_ = './office31_a2w.py'
train_dataloader = dict(dataset=dict(source=dict(domain='webcam'), target=dict(domain='dslr')))
val_dataloader = dict(dataset=dict(domain='dslr'))
test_dataloader = val_dataloader
