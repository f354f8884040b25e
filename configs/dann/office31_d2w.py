# DANN, Office-31, DSLR -> Webcam.
_base_ = './office31_a2w.py'
train_dataloader = dict(dataset=dict(source=dict(domain='dslr')))
