# Control: as many further source steps as an adaptation takes, without a target.
_base_ = './digits_mnist2uci.py'
load_from = 'work_dirs/source_only/digits_mnist2uci/iter_200.pth'
