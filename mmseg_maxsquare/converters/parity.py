"""Compares this package's model with the authors' released network.

Loads the same weights, random or from a checkpoint of the authors, into a plain PyTorch
reimplementation of the released network and, converted, into this package's model, and
compares the logits of both levels on the same images, including the preprocessing.
"""

from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn
from torch.nn import functional as F

from mmseg_maxsquare.runs.errors import fail
from mmseg_maxsquare.shipped import shipped_configs

from .checkpoint_files import class_count, read_weights, tensors_by_name
from .key_names import DILATIONS, SLOTS, completed, rename, select
from .released_network import ReleasedNetwork, released_shapes

MEAN = (104.00698793, 116.66876762, 122.67891434)  # BGR
# Odd and even sizes; if the size after the first layer is even, the max-pool rounds up.
SIZES = ((65, 129), (97, 161), (128, 64), (66, 127))
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-10}


def parity(
    checkpoint: Path | None = None, classifiers: int = 2, double: bool = False, seed: int = 0
) -> None:
    """Compare the logits of both networks; fails if they differ.

    Args:
        checkpoint: Of the authors' network. Defaults to None, random weights.
        classifiers: Classifiers summed per level, 2 (as the released code does) or 4.
        double: Compare in double precision.
        seed: Of weights and images.
    """
    torch.manual_seed(seed)
    try:
        network = read_network(checkpoint) if checkpoint else random_network()
    except ValueError as error:
        fail(str(error))
    dtype = torch.float64 if double else torch.float32
    model = our_model(network, classifiers).to(dtype)
    differences = compare(network.to(dtype), model, classifiers)
    limit = TOLERANCE[dtype]
    if not all(difference <= limit for difference in differences):  # also false for NaN
        fail(
            f'logits differ by more than {limit} of the standard deviation of their level, '
            'see the table'
        )
    print(
        f'The same: no logit differs by more than {limit} of the standard deviation of its level.'
    )


def read_network(path: Path) -> ReleasedNetwork:
    """The released network with the weights of a checkpoint.

    Raises:
        ValueError: If the file is not a complete checkpoint of it.
    """
    raw = read_weights(path)
    state = tensors_by_name(path, raw, SLOTS)
    network = ReleasedNetwork(class_count(raw))
    network.load_state_dict(completed(state, released_shapes(class_count(raw))))
    return network.eval()


def random_network(**kwargs: Any) -> ReleasedNetwork:
    """The released network with weights as after training: each weight and statistic matters.

    Args:
        **kwargs: Arguments of :class:`ReleasedNetwork`.
    """
    network = ReleasedNetwork(**kwargs)
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.2)
        norm.momentum = None  # measures the plain mean
    for classifier in (*network.layer5.conv2d_list, *network.layer6.conv2d_list):
        nn.init.normal_(classifier.weight, std=classifier.in_channels**-0.5)
        nn.init.normal_(classifier.bias)
    with torch.no_grad():
        network.train()(subtract_mean(picture((97, 161))))
        for norm in norms:  # differ from the measured ones, as on another domain
            norm.running_mean += 0.2 * norm.running_var.sqrt() * torch.randn(norm.num_features)
            norm.running_var *= torch.empty(norm.num_features).uniform_(0.7, 1.4)
    return network.eval()


def our_model(network: ReleasedNetwork, classifiers: int = 2, **backbone: Any) -> nn.Module:
    """This package's model with the weights of the released network, converted.

    Args:
        network: The network.
        classifiers: Classifiers per level. Defaults to 2.
        **backbone: Fields of the backbone's config, if it is not ResNet-101.
    """
    init_default_scope('mmseg')
    cfg = Config.fromfile(shipped_configs() / '_base_/models/deeplabv2_r101_multi.py').model
    cfg.backbone.update(pretrained=None, **backbone)
    for head, level in ((cfg.auxiliary_head, network.layer5), (cfg.decode_head, network.layer6)):
        first = level.conv2d_list[0]
        head.update(in_channels=first.in_channels, num_classes=first.out_channels)
        head.dilations = DILATIONS[classifiers]
    model = MODELS.build(cfg)
    model.load_state_dict(rename(select(network.state_dict(), classifiers), 'mmseg'))
    return model.eval()


def compare(network: ReleasedNetwork, model: nn.Module, classifiers: int = 2) -> list[float]:
    """Print a table of the differences.

    Returns:
        Per size and level, the largest difference over the logits' deviation.
    """
    relative = []
    print(f'{"size":>9}  {"level":5}  {"deviation":>9}  {"difference":>10}  {"relative":>8}')
    for size in SIZES:
        image = picture(size)
        with torch.no_grad():
            reference = network(subtract_mean(image, network.conv1.weight.dtype), classifiers)
            logits = predict(model, image)
        for level, theirs, ours in zip(('low', 'final'), reference, logits, strict=True):
            difference, deviation = (theirs - ours).abs().max(), theirs.std()
            relative.append((difference / deviation).item())
            shape = f'{size[0]}x{size[1]}'
            row = f'{shape:>9}  {level:5}  {deviation:9.2f}  {difference:10.1e}'
            print(f'{row}  {relative[-1]:8.1e}')
    return relative


def predict(model: nn.Module, image: Tensor) -> list[Tensor]:
    """Logits of our low and final level for an image, at its size."""
    shape = tuple(image.shape[2:])
    sample = SegDataSample(metainfo=dict(img_shape=shape, ori_shape=shape))
    data = model.data_preprocessor(dict(inputs=list(image), data_samples=[sample]), False)
    features = model.extract_feat(data['inputs'])
    metas = [sample.metainfo for sample in data['data_samples']]
    heads = model.auxiliary_head, model.decode_head
    return [head.predict(features, metas, model.test_cfg) for head in heads]


def subtract_mean(image: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The released code's preprocessing; its mean is in single precision."""
    return image.to(dtype) - torch.tensor(MEAN)[:, None, None]


def picture(size: tuple[int, int]) -> Tensor:
    """Random BGR image ``(1, 3, H, W)`` of bytes, with coarse and fine structure."""
    coarse = F.interpolate(torch.rand(1, 3, 5, 8), size, mode='bilinear')
    return (255 * (0.7 * coarse + 0.3 * torch.rand(1, 3, *size))).byte()
