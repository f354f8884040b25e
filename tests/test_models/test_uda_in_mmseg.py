"""What mmseg and mmengine do with the adapted segmentor."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed
import torch.nn.functional as F
from mmengine.config import Config, ConfigDict
from mmengine.model import MMDistributedDataParallel
from mmseg.apis import inference_model, init_model
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from .step_by_hand import GUIDANCE, MULTI, assert_same_state, gradients_by_hand, plain_twin, wrap
from tests.helpers.tiny_models import (
    backbone_cfg,
    build_model,
    head_cfg,
    low_head_cfg,
    plain_batch,
    plain_cfg,
    uda_batch,
    uda_cfg,
)


def resnet_cfg(**kwargs) -> dict:
    """Four stages of ResNet-18."""
    return backbone_cfg(
        **{'num_stages': 4, 'strides': (1, 2, 2, 2), 'dilations': (1,) * 4, **kwargs}
    )


def family_cfg(name: str) -> dict:
    """Fields of a model of a stock family, tiny."""
    if name == 'PSPNet':
        dilated = dict(strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), out_indices=(2, 3))
        return dict(
            backbone=resnet_cfg(type='ResNetV1c', contract_dilation=True, **dilated),
            decode_head=multi_head_cfg('PSPHead', 64, 1, pool_scales=(1, 2, 3, 6)),
            auxiliary_head=head_cfg(0, in_channels=32),
            guidance=GUIDANCE,
        )
    if name == 'UPerNet':
        return dict(
            backbone=resnet_cfg(out_indices=(0, 1, 2, 3)),
            decode_head=multi_head_cfg(
                'UPerHead', [8, 16, 32, 64], [0, 1, 2, 3], pool_scales=(1, 2)
            ),
            auxiliary_head=head_cfg(2, in_channels=32),
            guidance=GUIDANCE,
        )
    if name == 'SegFormer':
        mit = dict(embed_dims=8, num_layers=[1] * 4, num_heads=[1] * 4, drop_path_rate=0.1)
        return dict(
            backbone=dict(type='MixVisionTransformer', **mit),
            decode_head=multi_head_cfg('SegformerHead', [8] * 4, [0, 1, 2, 3]),
        )
    if name == 'BiSeNetV2':
        widths = 4, 8, 8, 16
        channels = dict(detail_channels=(4, 4, 16), semantic_channels=widths, bga_channels=16)
        return dict(
            backbone=dict(type='BiSeNetV2', **channels),
            decode_head=head_cfg(0, in_channels=16),
            auxiliary_head=[
                head_cfg(index, in_channels=width)
                for index, width in zip(range(1, 5), widths, strict=True)
            ],
            guidance={**GUIDANCE, 'head': 2},
        )
    stages = dict(strides=(1,) * 3, enc_num_convs=(1,) * 3, enc_dilations=(1,) * 3)
    decoder = dict(dec_num_convs=(1,) * 2, dec_dilations=(1,) * 2, downsamples=(True,) * 2)
    return dict(
        backbone=dict(type='UNet', base_channels=4, num_stages=3, **stages, **decoder),
        decode_head=head_cfg(2, in_channels=4),
        auxiliary_head=head_cfg(1, in_channels=8),
        guidance=GUIDANCE,
    )


def multi_head_cfg(kind: str, in_channels: int | list, index: int | list, **kwargs) -> dict:
    """Another head than FCNHead."""
    cfg = head_cfg(**{'type': kind, 'in_channels': in_channels, **kwargs})
    del cfg['num_convs'], cfg['concat_input']
    return {**cfg, 'in_index': index}


@pytest.mark.parametrize('name', ['PSPNet', 'UPerNet', 'SegFormer', 'BiSeNetV2', 'UNet'])
def test_stock_families(name: str) -> None:
    """Type and target loss make a UDA model of it: a step, then prediction as the plain one."""
    family = family_cfg(name)
    model = build_model(uda_cfg(**family))
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    log = model.train_step(uda_batch(0, *[((64, 64),) * 2] * 2), wrap(model))
    assert all(torch.isfinite(value).all() for value in log.values())
    assert float(log['target.loss_max_square']) < 0
    assert ('target.loss_guidance' in log) == ('guidance' in family)
    moved = [not torch.equal(value, before[key]) for key, value in model.named_parameters()]
    assert np.mean(moved) > 0.9
    family.pop('guidance', None)
    model.eval()
    twin = plain_twin(model, **family)
    batch = plain_batch(((64, 96),), 9)
    batch['data_samples'][0].set_metainfo(dict(ori_shape=(50, 75)))
    predicted, expected = (m.val_step(copy.deepcopy(batch))[0] for m in (model, twin))
    assert predicted.pred_sem_seg.shape == (50, 75)
    assert torch.equal(predicted.seg_logits.data, expected.seg_logits.data)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Weights of an adapted model, as a training run saves them."""
    model = build_model(uda_cfg(**MULTI))
    meta = dict(dataset_meta=dict(classes=list('abcd'), palette=[[i] * 3 for i in range(4)]))
    path = tmp_path / 'iter_1.pth'
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return path


def test_init_model_and_inference(checkpoint: Path) -> None:
    """mmseg's API gives the same map for the adapted and the plain config."""
    image = plain_batch(((40, 56),))['inputs'][0].permute(1, 2, 0).numpy()
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
    results = []
    for cfg in (uda_cfg(**MULTI), plain_cfg(auxiliary_head=low_head_cfg())):
        config = Config(dict(model=cfg, test_pipeline=pipeline, default_scope='mmseg'))
        model = init_model(config, str(checkpoint), device='cpu')
        assert model.dataset_meta['classes'] == list('abcd')
        results.append(inference_model(model, image))
    assert results[0].pred_sem_seg.shape == (40, 56)
    assert torch.equal(results[0].seg_logits.data, results[1].seg_logits.data)
    assert len(results[0].pred_sem_seg.data.unique()) > 1


def test_test_time_augmentation() -> None:
    """SegTTAModel averages the probabilities of an image and its mirror image."""
    model = build_model(uda_cfg(**MULTI)).eval()
    tta = MODELS.build(dict(type='SegTTAModel', module=model))
    image = plain_batch()['inputs'][0]
    samples = []
    for flip in (False, True):
        meta = dict(ori_shape=(32, 32), img_shape=(32, 32), img_path='x.png')
        mirrored = dict(flip=flip, flip_direction='horizontal' if flip else None)
        samples.append(SegDataSample(metainfo={**meta, **mirrored}))
    views = [image, image.flip(2)]
    with torch.no_grad():
        result = tta.test_step(
            dict(inputs=[[view] for view in views], data_samples=[[s] for s in samples])
        )
        outputs = [
            F.interpolate(
                model(model.data_preprocessor(dict(inputs=[view]))['inputs'], mode='tensor'),
                (32, 32),
                mode='bilinear',
            ).softmax(1)
            for view in views
        ]
    expected = (outputs[0] + outputs[1].flip(3)).argmax(1)[0]
    assert torch.equal(result[0].pred_sem_seg.data.squeeze(), expected)
    assert len(expected.unique()) > 1


def test_test_mode_slide() -> None:
    """Sliding windows, as many mmseg configs predict."""
    cfg = uda_cfg(test_cfg=ConfigDict(mode='slide', crop_size=(32, 32), stride=(16, 16)))
    model = build_model(cfg).eval()
    result = model.test_step(plain_batch(((32, 48),)))
    assert result[0].pred_sem_seg.shape == (32, 48)


def joint_gradients(model: nn.Module, forward: Callable) -> dict[str, Tensor]:
    """Gradients of one forward pass over both domains."""
    data = model.data_preprocessor(uda_batch(), True)
    loss, _ = model.parse_losses(forward(**data, mode='loss'))
    model.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters()}


def test_both_domains_in_one_forward() -> None:
    """What DistributedDataParallel calls gives the gradients of the two passes (BN in eval)."""
    model = build_model(uda_cfg(**MULTI)).eval()
    joint = joint_gradients(model, model)
    twin = plain_twin(model, auxiliary_head=low_head_cfg())
    gradients_by_hand(twin, uda_batch(), True)
    for name, parameter in twin.named_parameters():
        torch.testing.assert_close(joint[name], parameter.grad, rtol=1e-4, atol=1e-6, msg=name)


@pytest.fixture
def process_group(tmp_path: Path) -> Iterator[None]:
    """A process group of this process alone."""
    store = torch.distributed.FileStore(str(tmp_path / 'store'), 1)
    torch.distributed.init_process_group('gloo', store=store, rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def test_distributed_step(process_group: None) -> None:
    """mmengine's own DDP wrapper, unchanged, takes the step of the model alone (BN in eval)."""
    model = build_model(uda_cfg(**MULTI)).eval()
    twin = copy.deepcopy(model)
    distributed = MMDistributedDataParallel(model)
    distributed.eval()
    log = distributed.train_step(uda_batch(), wrap(distributed))
    expected = twin.train_step(uda_batch(), wrap(twin))
    assert set(log) == set(expected)
    assert float(log['loss']) == pytest.approx(float(expected['loss']), abs=1e-6)
    assert_same_state(model, twin)


def test_supervised_loss_is_the_plain_one() -> None:
    """A plain batch in loss mode is mmseg's supervised loss, names included."""
    model = build_model(uda_cfg(**MULTI))
    twin = plain_twin(model, auxiliary_head=low_head_cfg())
    data = model.data_preprocessor(plain_batch(), True)
    losses, expected = (m(**data, mode='loss') for m in (model, twin))
    assert {k: float(v) for k, v in losses.items()} == {k: float(v) for k, v in expected.items()}
