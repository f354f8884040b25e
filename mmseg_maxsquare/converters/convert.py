"""Converts checkpoints between the key names of this package and those of other code.

From a checkpoint of the authors' released network, or AdaptSegNet's ImageNet
initialisation (backbone only), to this package's key names, and back; and from the
published MXNet weights of Wider ResNet-38. Every tensor must be present and of the right
shape, and no code in a file is executed.
"""

import re
from pathlib import Path
from typing import Any

from torch import Tensor

from mmseg_maxsquare.datasets.cityscapes import CLASSES, PALETTE
from mmseg_maxsquare.runs.errors import fail

from .checkpoint_files import (
    class_count,
    read_weights,
    refuse_existing,
    tensors_by_name,
    write_new,
)
from .key_names import SLOTS, completed, key_of, recognise, rename, select
from .mxnet_file import is_mxnet_file
from .released_network import released_shapes
from .wider_resnet import from_mxnet


def convert_file(source: Path, target: Path, to: str, classifiers: int = 2) -> None:
    """Convert a checkpoint and print the tensors left out or filled; see :func:`convert`."""
    try:
        left_out, zeros = convert(source, target, to, classifiers)
    except ValueError as error:
        fail(str(error))
    print(f'{target}: written')
    for what, keys in (('left out of', left_out), ('filled with zeros in', zeros)):
        if keys:
            more = ', ...' if len(keys) > 4 else ''
            name = source if keys is left_out else target
            print(f'{len(keys)} tensors {what} {name}: {", ".join(keys[:4])}{more}')


def convert(
    source: Path, target: Path, to: str, classifiers: int = 2
) -> tuple[list[str], list[str]]:
    """Write a checkpoint under other key names.

    Args:
        source: Checkpoint to read.
        target: File to write; must not exist.
        to: ``'mmseg'``, ``'released'`` or ``'adaptsegnet'``.
        classifiers: Classifiers per level in our checkpoint, 2 or 4. Defaults to
            2, since the released code uses only two of its four.

    Returns:
        Keys of the source that were left out, keys of the target filled with zeros.

    Raises:
        ValueError: If the source cannot be read, belongs to another network or is
            incomplete, or if the target exists or cannot be written.
    """
    refuse_existing(target)
    if source.is_file() and is_mxnet_file(source):
        if to != 'mmseg':
            raise ValueError(f'{source} is a file of MXNet, which only --to mmseg reads')
        state, left_out = from_mxnet(source)
        write_new(target, _packed(state, to, source.name), legacy=False)
        return left_out, []
    raw = read_weights(source)
    form, prefix = recognise(raw)
    _check_direction(source, form, to)
    held, written = (SLOTS, classifiers) if to == 'mmseg' else (classifiers, SLOTS)
    if 'adaptsegnet' in (form, to):
        held = written = 0
    elif to == 'released':
        _check_count(source, raw, classifiers)
    state = tensors_by_name(source, raw, held)
    shapes = select(released_shapes(class_count(raw)), written)
    result = rename(completed(state, shapes), to)
    write_new(target, _packed(result, to, source.name), legacy=to != 'mmseg')
    used = {key_of(name, form, prefix) for name in shapes}
    zeros = [key_of(name, to) for name in shapes if name not in state]
    return [key for key in raw if key not in used], zeros


def _check_direction(source: Path, form: str, to: str) -> None:
    if form == to == 'mmseg':
        raise ValueError(
            f'{source} has keys as mmseg models have them already (backbone.*); '
            "--to mmseg reads the authors' and AdaptSegNet's"
        )
    if form != 'mmseg' and to != 'mmseg':
        raise ValueError(
            f'{source} has no keys as mmseg models have them (backbone.*), which --to {to} reads; '
            "--to mmseg reads the authors' and AdaptSegNet's"
        )


def _check_count(source: Path, raw: dict[str, Tensor], classifiers: int) -> None:
    """Reject a number of classifiers that would change the model's predictions."""
    found = sum(bool(re.fullmatch(r'decode_head\.classifiers\.\d+\.weight', key)) for key in raw)
    if found in (0, classifiers):
        return
    remedy = {
        2: 'add --classifiers 2',
        4: 'add --classifiers 4 if the code that will read it sums all four; the released code '
        'uses the first two and would predict something else',
    }.get(found, 'the released network has a place for dilations (6, 12) or (6, 12, 18, 24) only')
    raise ValueError(
        f'{source} has {found} classifiers per level, not {classifiers} (--classifiers): {remedy}'
    )


def _packed(state: dict[str, Tensor], to: str, source: str) -> dict:
    """A checkpoint in the form that code reading the format expects."""
    if to == 'adaptsegnet':
        return state
    if to == 'released':
        return dict(state_dict=state)
    meta: dict[str, Any] = dict(converted_from=source)
    bias = state.get('decode_head.classifiers.0.bias')
    if bias is not None and bias.numel() == len(CLASSES):
        meta['dataset_meta'] = dict(classes=CLASSES, palette=PALETTE)
    return dict(state_dict=state, meta=meta)
