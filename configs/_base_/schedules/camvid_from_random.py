# A weak source model from random weights in minutes on two cores.
_base_ = './camvid_source.py'
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01),
)
