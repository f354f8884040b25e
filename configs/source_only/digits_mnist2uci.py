# Source model of all MNIST -> UCI rows.
_base_ = [
    '../_base_/models/digits_classifier.py',
    '../_base_/datasets/digits_mnist2uci.py',
    '../_base_/schedules/digits.py',
    '../_base_/default_runtime.py',
]
