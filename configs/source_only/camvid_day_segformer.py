# Source model of adapt on CamVid dusk: SegFormer MiT-B0 (layer norms), from random weights.
_base_ = [
    '../_base_/models/segformer_b0.py',
    '../_base_/datasets/camvid_day_colours.py',
    '../_base_/schedules/camvid_from_random.py',
    '../_base_/default_runtime.py',
]
