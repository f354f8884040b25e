# DANN, Office-31, Webcam -> Amazon.
_base_ = './office31_a2w.py'
train_dataloader = dict(dataset=dict(source=dict(domain='webcam'), target=dict(domain='amazon')))
val_dataloader = dict(dataset=dict(domain='amazon'))
test_dataloader = val_dataloader
