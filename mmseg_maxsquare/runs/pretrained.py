"""Pretrained weights that parts of a model start from: ``pretrained`` and ``init_cfg``."""

import copy
import difflib
import os
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model import PretrainedInit
from mmengine.runner.checkpoint import (
    get_deprecated_model_names,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)
from torch import Tensor, nn

from mmseg_maxsquare.engine import check_checkpoint

from .copies import unnoticed
from .errors import fact_and_remedy
from .findings import Finding, config_error

OTHER = 'take the weights of this network, or set the field to None for random ones'
FETCH = 'download the weights and put them there, or set {} to another file'
LEAST = 0.5  # share of the tensors that a weight file replaces
COLLECTIONS = {
    'torchvision://': get_torchvision_models,
    'modelzoo://': get_torchvision_models,
    'open-mmlab://': lambda: {**get_external_models(), **get_deprecated_model_names()},
    'openmmlab://': lambda: {**get_external_models(), **get_deprecated_model_names()},
    'mmcls://': get_mmcls_models,
}


def check_pretrained(cfg: Config, model: nn.Module) -> Iterator[Finding]:
    """Weight files that a training would read at its start, or not notice that they do not fit.

    Args:
        cfg: The config.
        model: Built from it, on the CPU.
    """
    fields = {path: field for field, path in pretrained_fields('model', cfg.get('model') or {})}
    for name, module in model.named_modules():
        for path in _files(module):
            where = fields.get(path, f'model.{name}.init_cfg')
            if '://' in path:
                yield from check_remote(where, path)
            else:
                yield from _check_file(where, path, module)


def pretrained_fields(where: str, part: object) -> Iterator[tuple[str, str]]:
    """Fields that name a weight file, and the file."""
    pairs: Iterable[tuple[object, object]] = part.items() if isinstance(part, dict) else ()
    if isinstance(part, list | tuple):
        pairs = enumerate(part)
    for key, value in pairs:
        if key in ('pretrained', 'checkpoint') and isinstance(value, str):
            yield f'{where}.{key}', value
        else:
            yield from pretrained_fields(f'{where}.{key}', value)


def check_remote(where: str, path: str) -> Iterator[Finding]:
    """A name that its collection lacks; a URL is only tried when it is loaded."""
    scheme = path.partition('://')[0] + '://'
    if scheme not in COLLECTIONS:
        return
    try:
        known = COLLECTIONS[scheme]()
    except ImportError:
        what = f'{path} needs torchvision, which is not installed'
        yield config_error('model', where, what, 'install it, or name a file')
        return
    name = path.removeprefix(scheme)
    if name not in known:
        like = difflib.get_close_matches(name, known, n=1)
        remedy = f'did you mean {scheme}{like[0]}?' if like else 'correct the name'
        yield config_error('model', where, f'{path}: no model of this name', remedy)


def _files(module: nn.Module) -> list[str]:
    """Weight files of a module, without those of its parts."""
    found = getattr(module, 'init_cfg', None) or []
    parts = [found] if isinstance(found, dict) else found
    kinds = ('Pretrained', PretrainedInit)
    named = [part.get('checkpoint') for part in parts if part.get('type') in kinds]
    if _is_own(module):
        named += [getattr(module, key, None) for key in ('weight_file', 'pretrained')]
    return [str(path) for path in named if path is not None]


def _is_own(module: nn.Module) -> bool:
    """Whether it is a backbone of this package, which explains itself."""
    return type(module).__module__.startswith('mmseg_maxsquare.models.backbones')


def _check_file(where: str, path: str, module: nn.Module) -> Iterator[Finding]:
    if not _is_own(module) and not os.path.isfile(path):
        yield config_error('model', where, f'no file {path}', FETCH.format(where))
        return
    copied = copy.deepcopy(module)
    try:
        with unnoticed():
            copied.init_weights()
        if _is_own(module):
            return
        share = _share(copied, _tensors(torch.load(path, map_location='cpu', weights_only=True)))
    except Exception as error:  # of any backbone and file
        yield config_error('model', where, *_reason(path, error))
        return
    if share < LEAST:
        what = f'{path} does not fit: it has {share:.0%} of the tensors of {type(module).__name__}'
        yield config_error('model', where, what, OTHER)


def _reason(path: str, error: Exception) -> tuple[str, str]:
    """Fact and remedy; whether the file is damaged is known best."""
    if os.path.isfile(path) and not isinstance(error, ValueError):
        try:
            check_checkpoint(path)
        except ValueError as found:
            return fact_and_remedy(found, OTHER)
    return fact_and_remedy(error, OTHER)


def _tensors(part: Any) -> Iterator[Tensor]:
    if isinstance(part, Tensor):
        yield part
    elif isinstance(part, dict):
        for value in part.values():
            yield from _tensors(value)


def _share(module: nn.Module, tensors: Iterable[Tensor]) -> float:
    """Share of a module's weights that are found in a file."""
    by_shape: dict[tuple, list[Tensor]] = {}
    for tensor in tensors:
        by_shape.setdefault(tuple(tensor.shape), []).append(tensor)
    ours = [weight.detach() for weight in module.parameters()]
    fit = [
        weight
        for weight in ours
        if any(
            torch.equal(weight, t.to(weight.dtype)) for t in by_shape.get(tuple(weight.shape), ())
        )
    ]
    return len(fit) / max(1, len(ours))
