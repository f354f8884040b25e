"""Models, batches and training steps that the benchmarks time."""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

import mmseg_maxsquare  # noqa: F401  (registers)

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
RESULTS = Path('work_dirs/benchmarks')


def arguments(doc: str) -> argparse.ArgumentParser:
    """Options that all step benchmarks have."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--size', type=int, nargs=2, help='width and height of both domains')
    parser.add_argument('--repeats', type=int, default=7)
    parser.add_argument('--config', default='maxsquare/gta2cs_iw_multi.py')
    parser.add_argument('--out', type=Path, default=RESULTS, help='folder of the JSON file')
    return parser


def default_size(device: str) -> tuple[int, int]:
    """The paper's sizes on a GPU; otherwise sizes that take seconds on two cores."""
    return (1280, 720) if device == 'cuda' else (320, 160)


def model_config(name: str, **changes) -> Config:
    """Model of a config with random weights and changed fields (None removes a field)."""
    init_default_scope('mmseg')
    cfg = Config.fromfile(CONFIGS / name).model
    cfg.backbone.pretrained = None
    for key, value in changes.items():
        if value is None:
            cfg.pop(key, None)
        else:
            cfg[key] = value
    return cfg


def plain_config(name: str) -> Config:
    """The same network, supervised."""
    return model_config(name, type='EncoderDecoder', target_loss=None, guidance=None)


def build(cfg: Config, device: torch.device) -> nn.Module:
    """The model in training mode, with the same weights for the same network."""
    torch.manual_seed(0)
    return MODELS.build(cfg).to(device).train()


def batch(size: tuple[int, int], num_classes: int, count: int = 1, seed: int = 0) -> dict:
    """Random labelled images, in the form of a data loader's batch."""
    width, height = size
    generator = torch.Generator().manual_seed(seed)
    found = dict(inputs=[], data_samples=[])
    for _ in range(count):
        image = torch.randint(0, 256, (3, height, width), generator=generator, dtype=torch.uint8)
        label = torch.randint(0, num_classes, (1, height, width), generator=generator)
        sample = SegDataSample(metainfo=dict(ori_shape=(height, width), img_shape=(height, width)))
        sample.gt_sem_seg = PixelData(data=label)
        found['inputs'].append(image)
        found['data_samples'].append(sample)
    return found


def pair(size: tuple[int, int], num_classes: int, count: int = 1) -> dict:
    """Source and target images of one size."""
    source, target = (batch(size, num_classes, count, seed) for seed in (0, 1))
    return {key: dict(source=source[key], target=target[key]) for key in source}


def optimizer(model: nn.Module) -> OptimWrapper:
    """The paper's optimizer, with a learning rate at which random weights stay finite."""
    trained = [p for p in model.parameters() if p.requires_grad]
    sgd = torch.optim.SGD(trained, lr=1e-6, momentum=0.9, weight_decay=5e-4)
    return OptimWrapper(sgd)


def training_step(model: nn.Module, data: dict, wrapper: OptimWrapper) -> Callable[[], dict]:
    """A training step of mmengine, always on the same batch; returns what is logged."""

    def step() -> dict:
        fresh = {key: _copy(value) for key, value in data.items()}
        return model.train_step(fresh, wrapper)

    return step


def _copy(value: object) -> object:
    """Copy the containers (preprocessors replace their entries), not the tensors and samples."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return list(value) if isinstance(value, list) else value
