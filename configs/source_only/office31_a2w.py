# Source model, Office-31, Amazon -> Webcam.
_base_ = [
    '../_base_/models/resnet50_classifier.py',
    '../_base_/datasets/office31_a2w.py',
    '../_base_/schedules/classification.py',
    '../_base_/default_runtime.py',
]
