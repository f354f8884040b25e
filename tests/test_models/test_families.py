"""Heads of mmseg that return several maps while they train, cascades, single sigmoids."""

import copy
import importlib.util

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from torch import nn

from mmseg_maxsquare.losses import max_square_loss
from mmseg_maxsquare.models.predicted_logits import check_softmax, predicted_logits

from .step_by_hand import GUIDANCE, images_by_hand, wrap
from .test_uda_in_mmseg import multi_head_cfg, resnet_cfg
from tests.helpers.tiny_models import (
    CLASSES,
    build_model,
    head_cfg,
    plain_batch,
    plain_cfg,
    uda_batch,
    uda_cfg,
)

SIZES = [((64, 64),) * 2] * 2
CE = dict(type='CrossEntropyLoss', loss_weight=1.0)


def single(kind: str, **kwargs) -> dict:
    """The last of four stages under a head."""
    backbone = resnet_cfg(out_indices=(0, 1, 2, 3), strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4))
    return dict(backbone=backbone, decode_head=multi_head_cfg(kind, 64, 3, **kwargs))


def encnet() -> dict:
    family = single('EncHead', num_codes=4)
    family['decode_head'].update(in_channels=[16, 32, 64], in_index=(1, 2, 3))
    return family


def ddrnet() -> dict:
    backbone = dict(type='DDRNet', channels=8, ppm_channels=16, norm_cfg=dict(type='BN'))
    ohem = dict(type='OhemCrossEntropy', thres=0.9, min_kept=100)
    losses = [dict(ohem, loss_weight=1.0), dict(ohem, loss_weight=0.4)]
    head = dict(type='DDRHead', in_channels=32, channels=8, num_classes=CLASSES, dropout_ratio=0.0)
    return dict(backbone=backbone, decode_head=dict(head, loss_decode=losses))


def pidnet() -> dict:
    """Its loss needs the edges of the classes."""
    backbone = dict(
        type='PIDNet', channels=8, ppm_channels=16, num_stem_blocks=2, num_branch_blocks=2,
        norm_cfg=dict(type='BN'),
    )  # fmt: skip
    losses = [
        dict(CE, loss_weight=0.4),
        dict(type='OhemCrossEntropy', thres=0.9, min_kept=100, loss_weight=1.0),
        dict(type='BoundaryLoss', loss_weight=20.0),
        dict(type='OhemCrossEntropy', thres=0.9, min_kept=100, loss_weight=1.0),
    ]
    head = dict(type='PIDHead', in_channels=32, channels=16, num_classes=CLASSES)
    return dict(backbone=backbone, decode_head=dict(head, loss_decode=losses))


def knet() -> dict:
    family = single('FCNHead')
    kernel = head_cfg(3, in_channels=64, channels=16)
    update = dict(
        type='KernelUpdateHead', num_classes=CLASSES, num_ffn_fcs=2, num_heads=2, num_mask_fcs=1,
        feedforward_channels=16, in_channels=16, out_channels=16, dropout=0.0,
        conv_kernel_size=1, ffn_act_cfg=dict(type='ReLU', inplace=True), with_ffn=True,
        feat_transform_cfg=dict(conv_cfg=dict(type='Conv2d'), act_cfg=None),
        kernel_updator_cfg=dict(
            type='KernelUpdator', in_channels=16, feat_channels=16, out_channels=16,
            act_cfg=dict(type='ReLU', inplace=True), norm_cfg=dict(type='LN'),
        ),
    )  # fmt: skip
    head = dict(type='IterativeDecodeHead', num_stages=2, kernel_update_head=[update] * 2)
    return dict(backbone=family['backbone'], decode_head=dict(head, kernel_generate_head=kernel))


def ocrnet() -> dict:
    backbone = single('FCNHead')['backbone']
    ocr = multi_head_cfg('OCRHead', 64, 3, ocr_channels=8)
    heads = [head_cfg(3, in_channels=64), ocr]
    return dict(CASCADE, backbone=backbone, decode_head=heads)


def pointrend() -> dict:
    backbone = resnet_cfg(out_indices=(0, 1, 2, 3))
    fpn = dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=16, num_outs=4)
    coarse = multi_head_cfg('FPNHead', [16] * 4, [0, 1, 2, 3], feature_strides=[4, 8, 16, 32])
    point = dict(
        type='PointHead', in_channels=[16], in_index=[0], channels=16, num_fcs=1,
        coarse_pred_each_layer=True, dropout_ratio=-1, num_classes=CLASSES, align_corners=False,
        loss_decode=dict(CE),
    )  # fmt: skip
    points = dict(num_points=32, oversample_ratio=3, importance_sample_ratio=0.75)
    steps = dict(mode='whole', subdivision_steps=2, subdivision_num_points=64, scale_factor=2)
    return dict(
        CASCADE, backbone=backbone, neck=fpn, decode_head=[coarse, point],
        train_cfg=ConfigDict(points), test_cfg=ConfigDict(steps),
    )  # fmt: skip


CASCADE = dict(type='CascadeEncoderDecoder', num_stages=2)
FAMILIES = dict(
    DANet=lambda: single('DAHead', pam_channels=8),
    EncNet=encnet,
    DDRNet=ddrnet,
    PIDNet=pidnet,
    KNet=knet,
    OCRNet=ocrnet,
    PointRend=pointrend,
)


def uda_of(plain: dict) -> dict:
    kind = plain.get('type', 'EncoderDecoder')
    return uda_cfg(**{**plain, 'type': f'UDA{kind}'})


@pytest.mark.parametrize('name', FAMILIES)
def test_a_step_and_a_prediction(name: str) -> None:
    """The target loss takes the map of the prediction; keys are the plain model's."""
    if name == 'PointRend' and importlib.util.find_spec('mmcv._ext') is None:
        pytest.skip("PointRend needs mmcv's compiled ops, which are not installed")
    plain = FAMILIES[name]()
    model = build_model(uda_of(plain)).train()
    batch = uda_batch(0, *SIZES)
    for sample in batch['data_samples']['source']:
        sample.gt_edge_map = PixelData(data=(sample.gt_sem_seg.data == 1).long())
    images = images_by_hand(batch, 'target')
    twin = MODELS.build(plain_cfg(**plain))
    twin.load_state_dict(model.state_dict(), strict=True)
    before = copy.deepcopy(model.state_dict())
    torch.manual_seed(4)
    # The source pass moves the statistics only; in training mode they have no influence.
    expected = max_square_loss(prediction_in_training(twin, images))
    torch.manual_seed(4)
    found = model.loss_target(images, [])['loss_max_square']
    torch.testing.assert_close(found, model.target_loss.loss_weight * expected)
    log = model.train_step(batch, wrap(model))
    assert all(torch.isfinite(value).all() for value in log.values())
    moved = [not torch.equal(v, before[k]) for k, v in model.named_parameters()]
    assert sum(moved) > 0.8 * len(moved)
    twin.load_state_dict(model.state_dict(), strict=True)
    data = plain_batch(((64, 96),), 9)
    a, b = (m.eval().val_step(copy.deepcopy(data))[0] for m in (model, twin))
    assert torch.equal(a.seg_logits.data, b.seg_logits.data)


def prediction_in_training(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """What the plain model predicts, its layers in training mode, its heads not."""
    model.train()
    for module in model.modules():
        if hasattr(module, 'predict') or module is model.backbone:
            module.training = False
    metas = [dict(img_shape=images.shape[2:])] * len(images)
    return model.encode_decode(images, metas).detach()


def sigmoid_cfg(index: int = 1, **kwargs) -> dict:
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True)
    two = dict(num_classes=2, out_channels=1, threshold=0.3, loss_decode=loss)
    return head_cfg(index, **{**two, **kwargs})


def test_a_single_sigmoid_is_a_softmax_of_zero_and_z() -> None:
    model = build_model(uda_cfg(decode_head=sigmoid_cfg())).train()
    images = images_by_hand(uda_batch(), 'target')
    found = model.loss_target(images, [])['loss_max_square']
    z = model.decode_head(model.extract_feat(images))
    z = nn.functional.interpolate(z, images.shape[2:], mode='bilinear', align_corners=False)
    p = z.sigmoid()
    expected = -(p**2 + (1 - p) ** 2).mean() / 2
    torch.testing.assert_close(found, model.target_loss.loss_weight * expected)


def test_a_single_sigmoid_trains_with_guidance_and_predicts_by_its_threshold() -> None:
    low = sigmoid_cfg(0)
    model = build_model(uda_cfg(decode_head=sigmoid_cfg(), auxiliary_head=low, guidance=GUIDANCE))
    batch = uda_batch()
    for sample in batch['data_samples']['source']:
        sample.gt_sem_seg.data.clamp_(max=1)
    log = model.train().train_step(batch, wrap(model))
    assert float(log['target.loss_max_square']) < 0 and 'target.loss_guidance' in log
    result = model.eval().val_step(plain_batch())[0]
    expected = (result.seg_logits.data.sigmoid() > 0.3).long()
    assert result.pred_sem_seg.data.equal(expected.to(result.pred_sem_seg.data))


def test_the_mode_of_a_head_is_given_back() -> None:
    """Also when it fails; layers keep theirs."""
    model = build_model(plain_cfg()).train()
    features = model.extract_feat(torch.zeros(2, 3, 32, 32))
    with pytest.raises(RuntimeError):
        predicted_logits(model.decode_head, ([f[:, :2] for f in features],), (32, 32), None)
    assert all(module.training for module in model.modules())


@pytest.mark.parametrize('name', ['MaskFormerHead', 'SideAdapterCLIPHead'])
def test_heads_that_predict_masks_are_refused(name: str) -> None:
    head = type(name, (nn.Module,), {})()
    with pytest.raises(ValueError, match=f'model.decode_head: {name} does not classify each pixel'):
        check_softmax([('model.decode_head', head)])


def test_a_loss_by_sigmoids_of_one_head_of_a_cascade_is_refused() -> None:
    plain = ocrnet()
    plain['decode_head'][1]['loss_decode'] = dict(type='CrossEntropyLoss', use_sigmoid=True)
    with pytest.raises(ValueError, match=r'model\.decode_head\.1\.loss_decode: use_sigmoid=True'):
        build_model(uda_of(plain))
