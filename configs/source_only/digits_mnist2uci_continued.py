# Control: as many source steps as an adaptation takes, no target, digits, MNIST -> UCI.
_base_ = './digits_mnist2uci.py'
load_from = 'work_dirs/source_only/digits_mnist2uci/iter_200.pth'
