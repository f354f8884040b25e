"""Tensor names of one network in three formats: the authors', AdaptSegNet's and ours.

A *name* is the authors' tensor name without a prefix, such as
``layer6.conv2d_list.0.bias``; a *key* is its name in a checkpoint. A *format* is
``'mmseg'`` (ours), ``'released'`` or ``'adaptsegnet'``.
"""

import re
from collections.abc import Iterable

import torch
from torch import Tensor

LEVELS = {'layer5': 'auxiliary_head', 'layer6': 'decode_head'}  # low level, final level
SLOTS = 4  # classifiers per level in the authors' checkpoints
DILATIONS = {2: (6, 12), 4: (6, 12, 18, 24)}
COUNTER = 'num_batches_tracked'  # came with PyTorch 0.4.1; older files lack it
# Keys that a backbone-only conversion ignores, by the format of the source.
NOT_BACKBONE = {
    'adaptsegnet': ('Scale.layer5.',),
    'mmseg': tuple(f'{head}.' for head in LEVELS.values()),
}
PREFIXES = {'mmseg': 'backbone.', 'adaptsegnet': 'Scale.', 'released': 'module.'}


def key_of(name: str, form: str, prefix: str | None = None) -> str:
    """Key of a name in a format.

    Args:
        name: Such as ``layer5.conv2d_list.0.bias`` or ``layer1.0.bn1.bias``.
        form: The format.
        prefix: Replaces the usual prefix of the format, for old files without one.

    Returns:
        In our format, for example ``auxiliary_head.classifiers.0.bias`` and
        ``backbone.layer1.0.bn1.bias``.
    """
    layer, _, rest = name.partition('.')
    if form == 'mmseg' and layer in LEVELS:
        return f'{LEVELS[layer]}.{rest.replace("conv2d_list", "classifiers", 1)}'
    return (PREFIXES[form] if prefix is None else prefix) + name


def recognise(keys: Iterable[str]) -> tuple[str, str]:
    """Format and prefix of a checkpoint with these keys.

    Keys of an unknown network count as ``'released'``; the later check of the keys then
    reports them as wrong.
    """
    keys = tuple(keys)
    for form, prefix in PREFIXES.items():
        if any(key.startswith((prefix, *NOT_BACKBONE.get(form, ()))) for key in keys):
            return form, prefix
    return 'released', ''


def classifier_index(name: str) -> int:
    """Number of the classifier that a name belongs to, -1 in the backbone."""
    match = re.match(r'layer[56]\.conv2d_list\.(\d+)\.', name)
    return int(match[1]) if match else -1


def select(entries: dict, classifiers: int) -> dict:
    """Entries by name of the backbone and of the first classifiers of each level."""
    return {name: value for name, value in entries.items() if classifier_index(name) < classifiers}


def completed(state: dict[str, Tensor], shapes: dict[str, torch.Size]) -> dict[str, Tensor]:
    """Exactly the names of ``shapes``: drop surplus tensors, fill missing ones with zeros."""
    weights = state['conv1.weight'].dtype
    return {
        name: state[name]
        if name in state
        else torch.zeros(shape, dtype=torch.int64 if name.endswith(COUNTER) else weights)
        for name, shape in shapes.items()
    }


def rename(state: dict[str, Tensor], form: str) -> dict[str, Tensor]:
    """State dict in a format, from tensors by name."""
    return {key_of(name, form): value for name, value in state.items()}
