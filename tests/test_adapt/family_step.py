"""One step of a source-free adaptation of a config of mmseg, with random weights."""

from pathlib import Path

import mmseg
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_maxsquare.adapt.make_config import adapting_model
from mmseg_maxsquare.adapt.network import build
from mmseg_maxsquare.adapt.plain_text import plain_text
from mmseg_maxsquare.adapt.request import Request
from mmseg_maxsquare.models.trained_params import norm_layers
from mmseg_maxsquare.runs.config import read_config

from tests.helpers.tiny_models import plain_batch

STOCK = Path(mmseg.__file__).parent / '.mim/configs'


def prepare(config: str, size: tuple[int, int]) -> nn.Module:
    """The model that ``adapt`` would train."""
    init_default_scope('mmseg')
    cfg = Config(plain_text(read_config(STOCK / config).to_dict()))
    # Windows of the size of the image, which is much smaller than the config's.
    if cfg.model.get('test_cfg', {}).get('mode') == 'slide':
        cfg.model.test_cfg.update(crop_size=size, stride=size)
    model = adapting_model(cfg, Request(config, 'none.pth', 'none'))
    torch.manual_seed(0)
    return build({**model, 'anchor': None})


def step(model: nn.Module, size: tuple[int, int]) -> tuple[set[str], set[str], set[nn.Module]]:
    """Names of the parameters and buffers that one step moves, and the norm layers in use.

    Some heads have branches for training alone (DDRNet, PIDNet), which a prediction skips.
    """
    used: set[nn.Module] = set()
    for layer in norm_layers(model):
        layer.register_forward_hook(lambda layer, *_: used.add(layer))
    wrapper = OptimWrapper(torch.optim.Adam(model.parameters(), lr=1e-3))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    batch = plain_batch((size, size), labels=False)
    model.train()
    model.train_step({key: dict(target=value) for key, value in batch.items()}, wrapper)
    moved = {k for k, v in model.state_dict().items() if not torch.equal(v, before[k])}
    parameters = {name for name, _ in model.named_parameters()}
    return moved & parameters, moved - parameters, used


def declared(model: nn.Module, layers: set[nn.Module]) -> tuple[set[str], set[str]]:
    """Names of what ``norm`` may move: affine parameters, and statistics of batch norms.

    Some models use a layer under two names.
    """
    trained = {id(parameter) for layer in layers for parameter in layer.parameters()}
    affine = {name for name, parameter in model.named_parameters() if id(parameter) in trained}
    statistics = {
        f'{prefix}.{name}'
        for prefix, layer in model.named_modules(remove_duplicate=False)
        if layer in layers and isinstance(layer, _BatchNorm)
        for name, _ in layer.named_buffers()
    }
    return affine, statistics


def predict(model: nn.Module, size: tuple[int, int]) -> torch.Tensor:
    """Logits ``(1, C, H, W)`` of an image."""
    model.eval()
    batch = plain_batch((size,), labels=False)
    with torch.no_grad():
        inputs = model.data_preprocessor(batch, False)['inputs']
        return model.inference_logits(inputs)
