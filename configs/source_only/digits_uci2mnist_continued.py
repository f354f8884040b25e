# Control: as many source steps as an adaptation takes, no target, digits, UCI -> MNIST.
_base_ = './digits_uci2mnist.py'
load_from = 'work_dirs/source_only/digits_uci2mnist/iter_200.pth'
