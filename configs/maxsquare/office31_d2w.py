_base_ = './office31_a2w.py'
train_dataloader = dict(dataset=dict(source=dict(domain='dslr')))
