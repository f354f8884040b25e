"""The published MXNet weights of Wider ResNet-38 under our key names."""

import re
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from mmseg_maxsquare.models.backbones.wider_resnet38 import STAGES, WiderResNet38

from .mxnet_file import read_mxnet_file

# The names are those of the authors' code, taken from converters that others have published.
STATISTICS = dict(gamma='weight', beta='bias', moving_mean='running_mean', moving_var='running_var')
FIRST_STAGE = 2


def names_of_mxnet() -> Iterator[tuple[str, str]]:
    """Our key and the name in the file of every tensor of the backbone."""
    yield 'stem.weight', 'conv1a_weight'
    for number, (blocks, _, _) in enumerate(STAGES):
        for i, convs in enumerate(blocks):
            block = f'{FIRST_STAGE + number}' + ('a' if i == 0 else f'b{i}')
            ours = f'stages.{number}.{i}'
            branches = ['2a', *(f'2b{k}' for k in range(1, len(convs)))]
            for k, branch in enumerate(branches):
                yield f'{ours}.convs.{k}.weight', f'res{block}_branch{branch}_weight'
                for theirs, ending in STATISTICS.items():
                    yield f'{ours}.norms.{k}.{ending}', f'bn{block}_branch{branch}_{theirs}'
            if i == 0:
                yield f'{ours}.projection.weight', f'res{block}_branch1_weight'
    for theirs, ending in STATISTICS.items():
        yield f'norm.{ending}', f'bn7_{theirs}'


def from_mxnet(path: Path) -> tuple[dict[str, Tensor], list[str]]:
    """Weights of :class:`WiderResNet38` from a parameter file.

    Args:
        path: The file.

    Returns:
        The state dict, and the names in the file that are left out (the classifier).

    Raises:
        ValueError: If the file is no such file, or lacks a tensor.
    """
    arrays = {re.sub(r'^(arg|aux):', '', k): v for k, v in read_mxnet_file(path).items()}
    with torch.device('meta'):
        shapes = {key: value.shape for key, value in WiderResNet38(None).state_dict().items()}
    names = dict(names_of_mxnet())
    wrong = [theirs for theirs in names.values() if theirs not in arrays]
    wrong += [
        f'{theirs} {arrays[theirs].shape} instead of {tuple(shapes[ours])}'
        for ours, theirs in names.items()
        if theirs in arrays and tuple(arrays[theirs].shape) != tuple(shapes[ours])
    ]
    if wrong:
        raise ValueError(
            f'{path} is not of Wider ResNet-38 (A1): {len(wrong)} of {len(names)} tensors are '
            f'missing or of another shape: {", ".join(wrong[:3])}'
        )
    state = {
        ours: torch.from_numpy(arrays[theirs].astype('float32')) for ours, theirs in names.items()
    }
    left_out = sorted(set(arrays) - set(names.values()))
    return state, left_out
