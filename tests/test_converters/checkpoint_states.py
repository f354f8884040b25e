"""Checkpoints in the layouts that there are: the authors', AdaptSegNet's and ours."""

import re
from pathlib import Path

import torch
from torch import Tensor

from mmseg_maxsquare.converters.key_names import key_of
from mmseg_maxsquare.converters.released_network import released_shapes

SHAPES = released_shapes()
LAYER = re.compile(r'layer[56]\.')
UNUSED = re.compile(r'conv2d_list\.[23]')


def their_state(prefix: str = 'module.') -> dict[str, Tensor]:
    """Full-sized tensors, each of one value of its own: their files are small."""
    state = {}
    for i, (name, shape) in enumerate(SHAPES.items()):
        value = torch.tensor(i) if name.endswith('tracked') else torch.tensor(i + 0.5)
        state[prefix + name] = value.expand(shape)
    return state


def our_state(classifiers: int) -> dict[str, Tensor]:
    return {
        key_of(name, 'mmseg'): value
        for name, value in their_state('').items()
        if not LAYER.match(name) or int(name.split('.')[2]) < classifiers
    }


def backbone_state() -> dict[str, Tensor]:
    """AdaptSegNet's file: no counters, and a classifier for 21 classes."""
    state = {f'Scale.{name}': value for name, value in their_state('').items()}
    state = {k: v for k, v in state.items() if not LAYER.search(k) and 'tracked' not in k}
    for i in range(4):
        state[f'Scale.layer5.conv2d_list.{i}.weight'] = torch.zeros(()).expand(21, 2048, 3, 3)
        state[f'Scale.layer5.conv2d_list.{i}.bias'] = torch.zeros(21)
    return state


def without(state: dict[str, Tensor], *keys: str) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if key not in keys}


def save(path: Path, content: object, legacy: bool = False) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


def load(path: Path) -> dict[str, Tensor]:
    """State dict of a file, which PyTorch's safe loader must take as it stands."""
    content = torch.load(path, weights_only=True)
    return content.get('state_dict', content)


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype and torch.equal(one[key], other[key]) for key in one
    )
