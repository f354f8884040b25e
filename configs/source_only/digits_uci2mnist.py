# Source model of all UCI -> MNIST rows.
_base_ = './digits_mnist2uci.py'
train_dataloader = dict(dataset=dict(name='uci'))
val_dataloader = dict(dataset=dict(name='mnist'))
test_dataloader = val_dataloader
