# CBST-SP, GTA5 -> Cityscapes, with Wider ResNet-38 and the spatial prior of GTA5's labels.
_base_ = './gta2cs_wrn38.py'
full = {**_base_.resize, 'scale': (2048, 1024)}
train_dataloader = dict(
    dataset=dict(prior_pipeline=[_base_.load, _base_.labels, full, _base_.pack])
)
train_cfg = dict(prior_width=70)
