# DANN, digits, UCI -> MNIST.
_base_ = './digits_mnist2uci.py'
train_dataloader = dict(dataset=dict(source=dict(name='uci'), target=dict(name='mnist')))
val_dataloader = dict(dataset=dict(name='mnist'))
test_dataloader = val_dataloader
load_from = 'work_dirs/source_only/digits_uci2mnist/iter_200.pth'
