"""The user's network, and the weights of its source model and of a look at an adaptation."""

import io
import json
from pathlib import Path

import torch
from mmengine.config import Config, ConfigDict
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_maxsquare.engine.atomic_files import AtomicBackend
from mmseg_maxsquare.runs.errors import BUILD_ERRORS, one_line, some
from mmseg_maxsquare.runs.fit import load_fitting, misfit

from .make_config import plain_segmentor
from .request import Request

State = dict[str, Tensor]


def build(model: dict) -> nn.Module:
    """A model on the CPU.

    Raises:
        ValueError: If it cannot be built.
    """
    try:
        return MODELS.build(ConfigDict(model))
    except BUILD_ERRORS as error:
        text = one_line(error)
        raise ValueError(text if text.startswith('model.') else f'model: {text}') from None


def check_weights(cfg: Config, request: Request) -> list[str]:
    """Check that the checkpoint fits the model; a note if auxiliary heads alone do not.

    Raises:
        ValueError: If it does not fit, or holds values that are not finite.
    """
    state = _without_auxiliary(cfg, request.checkpoint).state_dict()
    bad = [key for key, value in state.items() if not torch.isfinite(value).all()]
    if bad:
        raise ValueError(
            f'checkpoint: {request.checkpoint} holds NaN or infinite values in {len(bad)} tensors: '
            f'{some(bad, 3)}; take one from before the training diverged'
        )
    found = _misfit_of_auxiliary(cfg, request.checkpoint)
    if found and request.with_source:
        raise ValueError(
            f'checkpoint: {found}; auxiliary heads are trained --with-source: give the config that '
            'trained it, or use --source-free'
        )
    if found:
        return ['weights of auxiliary heads do not fit the config; tolerated, they are not used']
    return []


def source_state(cfg: Config, checkpoint: str) -> State:
    """All weights of the source model; without those of auxiliary heads if they do not fit.

    Raises:
        ValueError: If the checkpoint does not fit.
    """
    if _misfit_of_auxiliary(cfg, checkpoint):
        return _without_auxiliary(cfg, checkpoint).state_dict()
    return load_fitting(checkpoint, build(plain_segmentor(cfg))).state_dict()


def _without_auxiliary(cfg: Config, checkpoint: str) -> nn.Module:
    """The source model without auxiliary heads, which are not used."""
    model = build({**plain_segmentor(cfg), 'auxiliary_head': None})
    try:
        return load_fitting(checkpoint, model)
    except ValueError as error:
        raise ValueError(f'checkpoint: {error}; give the config that trained it') from None


def _misfit_of_auxiliary(cfg: Config, checkpoint: str) -> str | None:
    """Why the auxiliary heads do not fit, if the rest of the model does."""
    model = plain_segmentor(cfg)
    return misfit(checkpoint, build(model)) if model.get('auxiliary_head') else None


def look_state(source: State, run: Path, name: str) -> State:
    """All weights of a look at an adaptation.

    Args:
        source: See :func:`source_state`.
        run: Work dir of the training.
        name: Of the look.
    """
    changed = torch.load(look_file(run, name), map_location='cpu', weights_only=True)['state_dict']
    return {**source, **{key: value for key, value in changed.items() if key in source}}


def look_file(run: Path, name: str) -> Path:
    """The weights of a look that differ from the source model's."""
    return run / 'guard' / f'{name.replace(" ", "_")}.pth'


def load(model: nn.Module, state: State) -> nn.Module:
    """The model with the weights of the plain one, in eval mode.

    Raises:
        ValueError: If a tensor of the model is not among them.
    """
    missing = model.load_state_dict(state, strict=False).missing_keys  # it lacks auxiliary heads
    if missing:
        raise ValueError(f'the weights lack {len(missing)} tensors of the run: {some(missing, 3)}')
    return model.eval()


def save_weights(path: Path, state: State, meta: dict, origin: dict) -> None:
    """Write a plain mmseg checkpoint; ``meta`` holds plain types only."""
    buffer = io.BytesIO()
    content = {key: value.detach().cpu() for key, value in state.items()}
    meta = dict(dataset_meta=meta, mmseg_maxsquare=json.loads(json.dumps(origin)))
    torch.save(dict(state_dict=content, meta=meta), buffer)
    AtomicBackend().put(buffer.getvalue(), path)
