"""Cross-City: weights of cells, losses, ramp, masks, against slow second implementations."""

import math

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmseg.registry import MODELS, TRANSFORMS
from PIL import Image

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.datasets import CamVidDataset, NTHUDataset
from mmseg_maxsquare.methods import Predictions
from mmseg_maxsquare.methods.cross_city import grid_loss, grid_weights, still

from tests.helpers import REPO
from tests.helpers.tiny_models import build_model, uda_batch, uda_cfg

METHOD = dict(type='CrossCity')
OPTIMIZERS = dict(
    constructor='MethodOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.01),
    methods=dict(
        optimizer=dict(type='Adam', lr=1e-3),
        paramwise_cfg=dict(custom_keys=dict(by_class=dict(lr_mult=2.0))),
    ),
)


# Of NTHU and CamVid.
STILL = {
    'road', 'sidewalk', 'building', 'traffic light', 'traffic sign', 'vegetation', 'sky',
    'pole', 'pavement', 'tree', 'sign', 'fence',
}  # fmt: skip


def test_grid_weights() -> None:
    """Cell by cell; ignored pixels do not count, a cell of them has no weight."""
    shares = torch.rand(2, 3, 8, 12, dtype=torch.float64)
    counted = torch.rand(2, 8, 12) > 0.3
    counted[0, :4, :4] = False
    found = grid_weights(shares, counted, (2, 3))
    for b in range(2):
        for i in range(2):
            for j in range(3):
                rows, columns = slice(4 * i, 4 * i + 4), slice(4 * j, 4 * j + 4)
                inside = counted[b, rows, columns]
                cell = shares[b, :, rows, columns][:, inside]
                expected = cell.mean(1) if inside.any() else torch.zeros(3).double()
                torch.testing.assert_close(found[b, :, i, j], expected)


def test_grid_loss() -> None:
    """By hand, for each image; a class without weight gives 0."""
    logits = torch.randn(2, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(2, 3, 4, dtype=torch.float64)
    weights[1] = 0
    p = logits.softmax(1)[0, 1]
    expected = (-(p.log()) * weights[0]).sum() / (weights[0].sum() + 5e-6) / 2
    torch.testing.assert_close(grid_loss(logits, 1, weights), expected)
    assert torch.autograd.gradcheck(lambda x: grid_loss(x, 0, weights), logits)


def test_still() -> None:
    """Where nothing moves, the moving classes vanish and the others sum to 1."""
    probabilities = torch.randn(1, 13, 4, 4).softmax(1)
    static = torch.zeros(1, 4, 4, dtype=torch.bool)
    static[0, 1] = True
    moving = [3, 7, 12]
    found = still(probabilities, static, moving)
    torch.testing.assert_close(found[:, :, 0], probabilities[:, :, 0])
    assert float(found[:, moving, 1].abs().max()) == 0
    others = [c for c in range(13) if c not in moving]
    expected = probabilities[:, others, 1] / probabilities[:, others, 1].sum(1, keepdim=True)
    torch.testing.assert_close(found[:, others, 1], expected)
    torch.testing.assert_close(found.sum(1), torch.ones(1, 4, 4))


def test_step() -> None:
    """Networks learn from the start, features by the ramp; the class-wise part from step 1,000."""
    model = build_model(uda_cfg(target_loss=None, methods=[METHOD])).train()
    wrapper = build_optim_wrapper(model, OPTIMIZERS)
    rates = {group['lr'] for group in wrapper['methods'].param_groups}
    assert rates == {1e-3, 2e-3}
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    logged = model.train_step(uda_batch(0), wrapper)
    assert float(logged['target.loss_features.overall']) == 0  # the ramp begins at 0
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert {'methods.0.overall.0.weight', 'methods.0.by_class.3.6.bias'} <= moved
    model.methods[0].step.fill_(600)
    logged = model.train_step(uda_batch(1), wrapper)
    assert float(logged['source.loss_features.overall']) > 0
    assert float(logged['source.loss_features.by_class']) == 0
    method = model.methods[0].eval()  # no dropout, and the ramp stands
    seen = Predictions({'decode_head': torch.randn(1, 4, 32, 32)}, [torch.randn(1, 16, 4, 4)] * 2)
    terms = {}
    for step in (1600, 1_000_000):
        method.step.fill_(step)
        terms[step] = method.target_terms(seen)
    overall, by_class = 'loss_features.overall', 'loss_features.by_class'
    ramps = {1600: 2 / (1 + math.exp(-10 * 600 / 1200)) - 1, 1_000_000: 1.0}
    ratio = float(terms[1600][by_class] / terms[1_000_000][by_class])
    assert ratio == pytest.approx(ramps[1600], rel=1e-5)
    features, weights = seen.features[-1], method._weights(seen)
    loss = grid_loss(method.overall(features), 0, torch.ones(1, 4, 4))
    assert float(terms[1_000_000][overall]) == pytest.approx(0.05 * float(loss), rel=1e-5)
    confused = sum(
        grid_loss(network(features), label, weights[:, c]) / 2
        for c, network in enumerate(method.by_class)
        for label in (0, 1)
    )
    assert float(terms[1_000_000][by_class]) == pytest.approx(0.05 * float(confused), rel=1e-5)


def test_static_mask_of_the_user(tmp_path) -> None:
    """Loaded by name and moved with the image; wrong ones are named."""
    image = np.zeros((4, 6, 3), np.uint8)
    mask = np.zeros((4, 6), np.uint8)
    mask[1] = 1
    Image.fromarray(mask).save(tmp_path / 'a.png')
    step = TRANSFORMS.build(dict(type='LoadStaticMask', folder=str(tmp_path)))
    results = step(dict(img=image, img_path='/x/a.jpg'))
    assert np.array_equal(results['gt_edge_map'], mask) and results['seg_fields'] == ['gt_edge_map']
    with pytest.raises(BadFileError, match=r'static mask .*b.png not found \(of image /x/b.jpg'):
        step(dict(img=image, img_path='/x/b.jpg'))
    with pytest.raises(BadFileError, match=r'of size \(3, 6\)'):
        step(dict(img=image[:3], img_path='/x/a.jpg'))
    with pytest.raises(ValueError, match='no folder'):
        TRANSFORMS.build(dict(type='LoadStaticMask', folder=str(tmp_path / 'no')))


def test_masks_need_the_moving_classes() -> None:
    method = build_model(uda_cfg(target_loss=None, methods=[METHOD])).methods[0]
    static = torch.ones(1, 32, 32, dtype=torch.bool)
    logits, features = torch.randn(1, 4, 32, 32), [torch.randn(1, 16, 4, 4)] * 2
    with pytest.raises(ValueError, match='CrossCity.moving: needed with masks'):
        method.target_terms(Predictions({'decode_head': logits}, features, static=static))
    cfg = dict(METHOD, moving=[1, 3])
    method = build_model(uda_cfg(target_loss=None, methods=[cfg])).methods[0]
    weights = method._weights(Predictions({'decode_head': logits}, features, static=static))
    assert float(weights[:, [1, 3]].abs().max()) == 0 and float(weights[:, [0, 2]].min()) > 0
    with pytest.raises(ValueError, match=r'moving is \[4\], but the model has 4 classes'):
        build_model(uda_cfg(target_loss=None, methods=[dict(METHOD, moving=[4])]))


@pytest.mark.parametrize('leaf', ['cs2nthu_rome', 'cs2nthu_taipei', 'camvid_day2dusk'])
def test_moving_classes_of_the_configs(leaf: str) -> None:
    cfg = Config.fromfile(REPO / f'configs/cross_city/{leaf}.py')
    classes = {
        'camvid_day2dusk': CamVidDataset.METAINFO['classes'],
    }.get(leaf, NTHUDataset.METAINFO['classes'])
    moving = {classes[i] for i in cfg.model.methods[0].moving}
    assert 'car' in moving and moving == set(classes) - STILL


def test_config() -> None:
    """Rates and length of the released code."""
    cfg = Config.fromfile(REPO / 'configs/cross_city/cs2nthu_tokyo.py')
    assert (cfg.train_cfg.max_iters, cfg.optim_wrapper.optimizer.lr) == (3000, 5e-6)
    assert cfg.optim_wrapper.methods.optimizer.lr == 10 * 5e-6
    assert cfg.optim_wrapper.methods.paramwise_cfg.custom_keys.by_class.lr_mult == 2
    assert cfg.train_dataloader.dataset.target.city == 'Tokyo'


@pytest.mark.parametrize(
    ('field', 'message'),
    [
        (dict(weight='abc'), "weight must be a number of at least 0, got 'abc'"),
        (dict(ramp=0), 'ramp must be a whole number of at least 1, got 0'),
        (dict(start=1.5), 'start must be a whole number of at least 0, got 1.5'),
        (dict(moving=[-1]), 'moving must be a whole number of at least 0, got -1'),
    ],
)
def test_wrong_fields(field: dict, message: str) -> None:
    with pytest.raises(ValueError, match=f'model.methods.0: {message}'):
        MODELS.build(uda_cfg(methods=[dict(METHOD, **field)]))


def test_wrong_weight() -> None:
    with pytest.raises(
        ValueError, match='model.methods.0: weight must be a number of at least 0, got -1'
    ):
        MODELS.build(uda_cfg(methods=[dict(METHOD, weight=-1)]))
