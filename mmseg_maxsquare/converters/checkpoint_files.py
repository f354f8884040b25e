"""Checkpoint files: read without running code, every key checked, never overwritten."""

import os
from pathlib import Path

import torch
from torch import Tensor

from mmseg_maxsquare.engine.network_weights import PREFIX as METHODS
from mmseg_maxsquare.engine.safe_loading import allow_mmengine_checkpoints
from mmseg_maxsquare.models.backbones.pretrained import read_state_dict

from .key_names import COUNTER, NOT_BACKBONE, key_of, recognise, select
from .released_network import released_shapes

TITLES = {
    'mmseg': 'a two-level model as in configs/_base_/models/deeplabv2_r101_multi.py',
    'released': "the authors' released network",
    'adaptsegnet': "AdaptSegNet's ImageNet initialisation",
}


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of a checkpoint by key, read without running code from it.

    Raises:
        ValueError: If there is no such file, or it does not hold tensors by key.
    """
    if not path.is_file():
        raise ValueError(f'{path}: no such file')
    allow_mmengine_checkpoints()
    return read_state_dict(path)


def tensors_by_name(path: Path, raw: dict[str, Tensor], classifiers: int) -> dict[str, Tensor]:
    """The network's tensors by name, none missing and none unexpected.

    Args:
        path: The file, for messages.
        raw: Its tensors by key.
        classifiers: Required number of classifiers per level. With 0, the classifiers
            of our checkpoints and of AdaptSegNet's file are ignored.

    Raises:
        ValueError: If a key is missing, unexpected or wrongly shaped. Counters
            of batch norms may be missing.
    """
    form, prefix = recognise(raw)
    passed = NOT_BACKBONE.get(form, ()) if classifiers == 0 else ()
    # The networks of methods are part of training checkpoints, not of the segmentor.
    passed += (METHODS,) if form == 'mmseg' else ()
    given = {key: value for key, value in raw.items() if not key.startswith(passed)}
    shapes = select(released_shapes(class_count(raw)), classifiers)
    names = {key_of(name, form, prefix): name for name in shapes}
    problems = {
        'missing': [key for key in names if key not in given and not key.endswith(COUNTER)],
        'unexpected': [key for key in given if key not in names],
        'of another shape': [
            f'{key} {tuple(given[key].shape)} instead of {tuple(shapes[name])}'
            for key, name in names.items()
            if key in given and given[key].shape != shapes[name]
        ],
    }
    found = [f'{len(p)} {what}, such as {", ".join(p[:3])}' for what, p in problems.items() if p]
    if found:
        raise ValueError(
            f'{path} does not fit {TITLES[form]} ({len(names)} tensors): {"; ".join(found)}'
        )
    return {names[key]: value for key, value in given.items()}


def class_count(raw: dict[str, Tensor]) -> int:
    """Classes of the final classifier, 19 if there is none."""
    bias = raw.get(key_of('layer6.conv2d_list.0.bias', *recognise(raw)))
    return 19 if bias is None else bias.numel()


def refuse_existing(path: Path) -> None:
    """Fail if a file would be overwritten.

    Raises:
        ValueError: If the path exists.
    """
    if os.path.lexists(path):
        raise ValueError(f'{path} exists and is not overwritten; remove it or name another file')


def write_new(path: Path, payload: dict, legacy: bool) -> None:
    """Save to a new file; with ``legacy``, in the format that PyTorch 1.0 reads.

    Raises:
        ValueError: If the file exists or cannot be written; no partial file is left.
    """
    refuse_existing(path)
    created = False
    try:
        with open(path, 'xb') as file:
            created = True
            torch.save(payload, file, _use_new_zipfile_serialization=not legacy)
    except BaseException as error:
        if created:
            path.unlink()
        if not isinstance(error, OSError | RuntimeError):
            raise
        reason = getattr(error, 'strerror', None) or error
        raise ValueError(f'{path} cannot be written: {reason}') from None
