"""Models of a config with the weights of checkpoints, for pictures and measurements."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmseg.apis import init_model
from mmseg.registry import MODELS
from torch import nn

from mmseg_maxsquare.engine import load_only_safely
from mmseg_maxsquare.models.uda_model import UDA_FIELDS

from .checkpoints import require_checkpoint
from .errors import BUILD_ERRORS, fail, one_line
from .fit import REMEDY, misfit


def plain_model(config: Config) -> Config:
    """The config with the plain segmentor of mmseg that an adapted checkpoint fits."""
    config = Config(config.to_dict())
    config.model.type = config.model.type.removeprefix('UDA')
    for key in (*UDA_FIELDS, 'auxiliary_head'):
        config.model.pop(key, None)
    config.model.backbone.pretrained = None
    return config


def usable_device(device: str | None) -> torch.device:
    """The named device, or the accelerator if there is one; fails if it cannot be used."""
    name = device or get_device()
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        fail(f'--device: {name} cannot be used ({str(error).splitlines()[0]}); give cpu')
    return torch.device(name)


def load_segmentors(
    config: Config, checkpoints: dict[str, Path], device: str | None
) -> dict[str, nn.Module]:
    """Segmentors by name, each as a plain EncoderDecoder regardless of its training.

    The last one keeps the config's guidance, if there is any.

    Args:
        config: Its model is built.
        checkpoints: By name.
        device: Where the models run; None for the accelerator, if there is one.

    Raises:
        ValueError: If a checkpoint is missing, unsafe or of another model.
    """
    place, models = usable_device(device), {}
    for number, (name, path) in enumerate(checkpoints.items(), start=1):
        guided = config.model.get('guidance') and number == len(checkpoints)
        own = Config(config.to_dict()) if guided else plain_model(config)
        own.model.backbone.pretrained = None
        models[name] = load_segmentor(own, path, name).to(place)
    return models


def load_segmentor(config: Config, path: str | Path, what: str) -> nn.Module:
    """The model of a config with the weights of a checkpoint, on the CPU.

    No code from the file is run.

    Args:
        config: Its model is built unchanged.
        path: Checkpoint.
        what: Its name in messages.

    Raises:
        ValueError: If the model cannot be built, or the checkpoint is missing, unsafe
            or of another model.
    """
    load_only_safely()
    try:
        model = init_model(config, device='cpu')
    except BUILD_ERRORS as error:
        raise ValueError(f'model: {one_line(error)}') from None
    _load_weights(model, path, what)
    return model


def load_classifier(config: Config, path: str, what: str) -> nn.Module:
    """The plain classifier of a config with the weights of a checkpoint; fails without one."""
    require_checkpoint(path, what, 'a training run writes them to its work dir')
    fields = {key: value for key, value in config.model.items() if key not in UDA_FIELDS}
    model = MODELS.build({**fields, 'type': 'ImageClassifier'})
    try:
        _load_weights(model, path, what)
    except ValueError as error:
        fail(str(error))
    return model.eval()


def _load_weights(model: nn.Module, path: str | Path, what: str) -> None:
    """Raises ``ValueError`` if a checkpoint does not fit this model."""
    try:
        found = misfit(str(path), model)  # loads what fits
    except ValueError as error:
        raise ValueError(f'{what}: {error}') from None
    if found:
        raise ValueError(f'{what}: {found}; {REMEDY}')
