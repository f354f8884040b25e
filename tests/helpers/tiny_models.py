"""Tiny segmentors and batches for them."""

import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

init_default_scope('mmseg')  # as a Runner does

CLASSES = 4
MEAN, STD = [120.0, 110.0, 100.0], [60.0, 55.0, 50.0]
MAX_SQUARE = dict(type='MaxSquareLoss', loss_weight=0.5)


def backbone_cfg(**kwargs) -> dict:
    """Two stages of ResNet-18 with 8 and 16 channels, strides 4 and 8."""
    cfg = dict(type='ResNet', depth=18, stem_channels=8, base_channels=8)
    stages = dict(num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(0, 1))
    return {**cfg, **stages, **kwargs}


def head_cfg(index: int = 1, in_channels: int | None = None, **kwargs) -> dict:
    """FCNHead with one convolution on the output ``index`` of the backbone."""
    cfg = dict(
        type='FCNHead',
        in_channels=in_channels or 8 * 2**index,
        in_index=index,
        channels=8,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0,
        num_classes=CLASSES,
        norm_cfg=dict(type='BN'),
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=1.0),
    )
    return {**cfg, **kwargs}


def low_head_cfg(**kwargs) -> dict:
    """The low-level head, with a tenth of the source loss."""
    loss = dict(type='CrossEntropyLoss', loss_weight=0.1)
    return head_cfg(0, **{'loss_decode': loss, **kwargs})


def plain_cfg(**kwargs) -> dict:
    """EncoderDecoder as any mmseg config has it."""
    preprocessor = dict(type='SegDataPreProcessor', mean=MEAN, std=STD, bgr_to_rgb=True)
    return (
        dict(
            type='EncoderDecoder',
            data_preprocessor=preprocessor,
            backbone=backbone_cfg(),
            decode_head=head_cfg(),
            test_cfg=ConfigDict(mode='whole'),
        )
        | kwargs
    )


def uda_cfg(**kwargs) -> dict:
    """The same as a UDAEncoderDecoder."""
    return plain_cfg(**{'type': 'UDAEncoderDecoder', 'target_loss': dict(MAX_SQUARE), **kwargs})


def build_model(cfg: dict, seed: int = 0, spread: float = 1.0) -> nn.Module:
    """Model with random weights and random batch-norm statistics.

    Args:
        cfg: Its config.
        seed: Seed of the weights.
        spread: Deviation of the classifiers' weights; mmseg's 0.01 gives
            predictions that are all but uniform.
    """
    torch.manual_seed(seed)
    model = MODELS.build(cfg)
    for name, value in model.state_dict().items():
        if 'running' in name:
            value.uniform_(0.5, 1.5)
        elif 'conv_seg.weight' in name:
            value.normal_(0, spread)
        elif name.endswith('weight') and value.dim() > 1:
            nn.init.kaiming_normal_(value)
    return model


def plain_batch(
    sizes: tuple[tuple[int, int], ...] = ((32, 32), (32, 32)), seed: int = 0, labels: bool = True
) -> dict:
    """Collated batch of images of some sizes, as a DataLoader gives it."""
    generator = torch.Generator().manual_seed(seed)
    batch = dict(inputs=[], data_samples=[])
    for size in sizes:
        # Blocks of 4 x 4 pixels: something that a network at stride 4 can tell apart.
        coarse = torch.rand(3, -(-size[0] // 4), -(-size[1] // 4), generator=generator) * 255
        image = coarse.repeat_interleave(4, 1).repeat_interleave(4, 2)[:, : size[0], : size[1]]
        sample = SegDataSample(metainfo=dict(ori_shape=size, img_shape=size, img_path='x.png'))
        if labels:
            label = (image.sum(0) / 192).long().clamp(max=CLASSES - 1)
            label[: size[0] // 8] = 255
            sample.gt_sem_seg = PixelData(data=label[None])
        batch['inputs'].append(image.byte())
        batch['data_samples'].append(sample)
    return batch


def uda_batch(
    seed: int = 0,
    source: tuple[tuple[int, int], ...] = ((32, 32), (32, 32)),
    target: tuple[tuple[int, int], ...] = ((32, 32), (32, 32)),
) -> dict:
    """Collated batch of a UDADataset."""
    domains = {
        'source': plain_batch(source, 2 * seed),
        'target': plain_batch(target, 2 * seed + 1, labels=False),
    }
    return {
        key: {name: domains[name][key] for name in domains} for key in ('inputs', 'data_samples')
    }
