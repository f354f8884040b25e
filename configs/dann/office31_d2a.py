# DANN, Office-31, DSLR -> Amazon.
_base_ = './office31_a2w.py'
train_dataloader = dict(dataset=dict(source=dict(domain='dslr'), target=dict(domain='amazon')))
val_dataloader = dict(dataset=dict(domain='amazon'))
test_dataloader = val_dataloader
