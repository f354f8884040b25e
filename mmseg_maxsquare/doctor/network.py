"""Checks of the model, built on the CPU, and of its weight files."""

import copy
import os
from collections.abc import Iterator

from mmengine.config import Config, ConfigDict
from mmseg.registry import MODELS
from torch import nn

from mmseg_maxsquare.runs.errors import fact_and_remedy
from mmseg_maxsquare.runs.findings import Finding
from mmseg_maxsquare.runs.fit import REMEDY, misfit
from mmseg_maxsquare.runs.preflight import check_anchor, source_parts
from mmseg_maxsquare.runs.pretrained import check_pretrained, check_remote, pretrained_fields
from mmseg_maxsquare.runs.train import name_source_model

OWN_WEIGHTS = ('imagenet',)  # comes with a package


def _finding(level: str, where: str, what: str, remedy: str) -> Finding:
    return Finding(level, 'config: model', where, what, remedy)


def check_network(cfg: Config) -> tuple[list[Finding], nn.Module | None]:
    """Whether the model can be built, and its weights exist.

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
    return [*findings, *_check_weight_files(cfg, model), *_check_anchor(cfg, model)], model


def _check_anchor(cfg: Config, model: nn.Module | None) -> Iterator[Finding]:
    """The source model of anchor and guard, if its file is there."""
    own = copy.deepcopy(cfg)
    name_source_model(own)
    files = [part.get('checkpoint') for _, part in source_parts(own)]
    if model is not None and files and all(path and os.path.isfile(path) for path in files):
        yield from check_anchor(own, model)


def _check_weight_files(cfg: Config, model: nn.Module | None) -> Iterator[Finding]:
    """``load_from`` and the pretrained weights must exist; ``load_from`` must fit the model.

    A missing file is only a warning: the data may be checked before the source model is
    trained and its weights are downloaded, and training reports it at the start.
    """
    missing = []
    for where, path in pretrained_fields('model', cfg.get('model') or {}):
        if path not in OWN_WEIGHTS and '://' not in path and not os.path.isfile(path):
            what = f'no file {path}'
            remedy = f'download the weights and put them there, or set {where} to another file'
            if where.endswith('.pretrained'):
                remedy += f' (--cfg-options {where}=None starts from random weights)'
            yield _finding('warning', where, what, remedy)
            missing.append(where)
    if model is not None and not missing:
        yield from check_pretrained(cfg, model)
    path = cfg.get('load_from')
    if not path:
        return
    if '://' in path:
        yield from check_remote('load_from', path)
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
