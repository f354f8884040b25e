"""An evaluation of several checkpoints as one."""

import math
from collections.abc import Sequence

from mmengine.config import Config
from torch import nn

from mmseg_maxsquare.engine import check_checkpoint
from mmseg_maxsquare.engine.uda_hook import unwrap

from .errors import fail
from .fit import REMEDY, misfit


def use_ensemble(
    cfg: Config, checkpoints: Sequence[str], weights: Sequence[float] | None, mean: str
) -> None:
    """Make the model of a config an ensemble.

    Args:
        cfg: The config.
        checkpoints: Of the members.
        weights: One for each; None for equal ones.
        mean: See :func:`mean_logits`.
    """
    if weights is not None and len(weights) != len(checkpoints):
        fail(f'--weights: {len(weights)} weights for {len(checkpoints)} checkpoints; give one each')
    if weights is not None and not all(0 < weight < math.inf for weight in weights):
        fail(f'--weights: must be above 0, got {" ".join(map(str, weights))}')
    _same_classes(checkpoints)
    member = cfg.model
    cfg.model = dict(
        type='EnsembleSegmentor',
        member=member,
        weights=list(weights or [1.0] * len(checkpoints)),
        mean=mean,
        data_preprocessor=member.get('data_preprocessor'),
    )
    cfg.load_from = None


def load_members(model: nn.Module, checkpoints: Sequence[str]) -> None:
    """Load the weights of the members; exit with one line if a checkpoint does not fit."""
    model = unwrap(model)
    model = getattr(model, 'module', model)  # below a model for augmented tests
    for path, member in zip(checkpoints, model.members, strict=True):
        if found := misfit(path, member):  # loads what fits
            fail(f'checkpoint: {found}; {REMEDY}')


def _same_classes(checkpoints: Sequence[str]) -> None:
    """Checkpoints that say that they are of different classes cannot vote together."""
    known = {}
    for path in checkpoints:
        meta = check_checkpoint(path).get('meta') or {}
        classes = (meta.get('dataset_meta') or {}).get('classes')
        if classes:
            known[path] = list(classes)
    (first, names), *others = known.items() or [('', [])]
    for path, classes in others:
        if classes != names:
            fail(
                f'checkpoint: {path} has the classes {", ".join(classes[:4])}, ... ({len(classes)})'
                f', {first} has {", ".join(names[:4])}, ... ({len(names)}); an ensemble needs the '
                'same ones'
            )
