# Source model of adapt on CamVid dusk: STDC1 (batch norms), from random weights.
_base_ = [
    '../_base_/models/stdc1.py',
    '../_base_/datasets/camvid_day_colours.py',
    '../_base_/schedules/camvid_from_random.py',
    '../_base_/default_runtime.py',
]
