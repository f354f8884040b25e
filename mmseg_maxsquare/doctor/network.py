"""Checks of the model, built on the CPU and run on a small image, and of its weight files."""

import os
from collections.abc import Iterable, Iterator

import torch
from mmengine.config import Config, ConfigDict
from mmseg.registry import MODELS
from torch import nn

from mmseg_maxsquare.runs.errors import fact_and_remedy, one_line
from mmseg_maxsquare.runs.findings import Finding
from mmseg_maxsquare.runs.fit import REMEDY, misfit
from mmseg_maxsquare.runs.settings import heads_of

SIZE = (65, 65)
HEADS = ('decode_head', 'auxiliary_head', 'classifier')
OWN_WEIGHTS = ('imagenet',)  # comes with a package


def _finding(level: str, where: str, what: str, remedy: str) -> Finding:
    return Finding(level, 'config: model', where, what, remedy)


def check_network(cfg: Config) -> tuple[list[Finding], nn.Module | None]:
    """Whether the model can be built, its parts fit together, and its weights exist.

    Returns:
        The findings, and the model on the CPU with random weights, if there is one.
    """
    findings, model = [], None
    if cfg.get('model') is not None:
        try:
            model = MODELS.build(ConfigDict(cfg.model.to_dict()))
        except Exception as error:  # a config can hold anything
            what, remedy = fact_and_remedy(error, 'correct the fields of model')
            findings.append(_finding('error', 'model', f'cannot be built: {what}', remedy))
    if model is not None:
        findings += _try(cfg, model)
    return [*findings, *_check_weight_files(cfg, model)], model


def _try(cfg: Config, model: nn.Module) -> Iterator[Finding]:
    """Run a small image through backbone and heads, to check channels and indices."""
    if not hasattr(model, 'extract_feat') or not any(hasattr(model, name) for name in HEADS):
        return
    model.eval()
    with torch.no_grad():
        try:
            features = model.extract_feat(torch.zeros(1, 3, *SIZE))
        except Exception as error:  # of any network
            what = f'fails on an image of {SIZE}: {one_line(error)}'
            yield _finding('error', 'model.backbone', what, 'correct the fields of the backbone')
            return
        for where, head in _heads(cfg, model):
            try:
                head(features)
            except Exception as error:
                maps = features if isinstance(features, list | tuple) else [features]
                shapes = [tuple(f.shape[1:]) for f in maps]
                what = f'fails: {one_line(error)}; the backbone gives {shapes} (channels, size)'
                remedy = f'correct {where}.in_channels and in_index'
                yield _finding('error', where, what, remedy)


def _heads(cfg: Config, model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    modules = []
    for name in HEADS:
        head = getattr(model, name, None)
        modules += list(head) if isinstance(head, nn.ModuleList) else [head] * (head is not None)
    places = [where for where, _ in heads_of(cfg)]
    if len(places) == len(modules):
        yield from zip(places, modules, strict=True)


def _check_weight_files(cfg: Config, model: nn.Module | None) -> Iterator[Finding]:
    """``load_from`` and the pretrained weights must exist; ``load_from`` must fit the model.

    A missing file is only a warning: the data may be checked before the source model is
    trained and its weights are downloaded, and training reports it at the start.
    """
    for where, path in _pretrained('model', cfg.get('model') or {}):
        if path not in OWN_WEIGHTS and '://' not in path and not os.path.isfile(path):
            what = f'no file {path}'
            remedy = f'download the weights and put them there, or set {where} to another file'
            if where.endswith('.pretrained'):
                remedy += f' (--cfg-options {where}=None starts from random weights)'
            yield _finding('warning', where, what, remedy)
        elif model is not None and where == 'model.backbone.pretrained' and '://' not in path:
            yield from _load_pretrained(where, model)
    path = cfg.get('load_from')
    if not path or '://' in path:
        return
    if not os.path.isfile(path):
        yield _finding(
            'warning',
            'load_from',
            f'no file {path}',
            'train the source model first (configs/source_only), or name another with '
            '--cfg-options load_from=PATH',
        )
    elif model is not None:
        yield from _check_checkpoint(path, model)


def _load_pretrained(where: str, model: nn.Module) -> Iterator[Finding]:
    try:
        model.backbone.init_weights()
    except Exception as error:  # of any backbone
        remedy = 'download the weights again, or take a file that fits'
        yield _finding('error', where, *fact_and_remedy(error, remedy))


def _pretrained(where: str, part: object) -> Iterator[tuple[str, str]]:
    """Fields that name a weight file."""
    pairs: Iterable[tuple[object, object]] = part.items() if isinstance(part, dict) else ()
    if isinstance(part, list | tuple):
        pairs = enumerate(part)
    for key, value in pairs:
        if key in ('pretrained', 'checkpoint') and isinstance(value, str):
            yield f'{where}.{key}', value
        else:
            yield from _pretrained(f'{where}.{key}', value)


def _check_checkpoint(path: str, model: nn.Module) -> Iterator[Finding]:
    """Report tensors that do not fit; mmengine would skip them and use random ones."""
    try:
        found = misfit(path, model)
    except ValueError as error:
        remedy = 'copy it again, or take a checkpoint of a run'
        yield _finding('error', 'load_from', *fact_and_remedy(error, remedy))
        return
    if found:
        yield _finding('error', 'load_from', found, REMEDY)
