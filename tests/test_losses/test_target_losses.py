"""The loss modules: equal to the functions, and at home in stock mmseg."""

from collections.abc import Callable

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_maxsquare.losses import EntropyLoss, MaxSquareLoss, entropy_loss, max_square_loss

SETTINGS = [
    (MaxSquareLoss, max_square_loss, {}),
    (MaxSquareLoss, max_square_loss, {'alpha': 0.2}),
    (MaxSquareLoss, max_square_loss, {'alpha': 0.5, 'weight_by': 'argmax', 'class_average': True}),
    (EntropyLoss, entropy_loss, {}),
    (EntropyLoss, entropy_loss, {'gamma': 0.05, 'class_average': True}),
    (EntropyLoss, entropy_loss, {'alpha': 0.2, 'weight_by': 'argmax', 'gamma': 0.1}),
]
WITH_SETTINGS = pytest.mark.parametrize('module, function, kwargs', SETTINGS)
MODULES = pytest.mark.parametrize('module', [MaxSquareLoss, EntropyLoss])
CLASSES = 5


@pytest.fixture
def logits() -> Tensor:
    return 2 * torch.randn(2, CLASSES, 4, 6, dtype=torch.float64)


@pytest.fixture
def label() -> Tensor:
    """Two thirds labelled, the rest with 255 and 7."""
    label = torch.randint(0, CLASSES, (2, 4, 6))
    label[:, 0] = 255
    label[:, 1, :3] = 7
    return label


@WITH_SETTINGS
def test_module_equals_function_times_loss_weight(
    module: type[nn.Module], function: Callable, kwargs: dict, logits: Tensor
) -> None:
    value = module(loss_weight=0.3, **kwargs)(logits)
    torch.testing.assert_close(value, 0.3 * function(logits, **kwargs), rtol=0, atol=1e-14)


@pytest.mark.parametrize('ignore_index', [255, 7, None])
@WITH_SETTINGS
def test_label_only_says_which_pixels_count(
    module: type[nn.Module],
    function: Callable,
    kwargs: dict,
    ignore_index: int | None,
    logits: Tensor,
    label: Tensor,
) -> None:
    loss = module(**kwargs)
    value = loss(logits, label, ignore_index=ignore_index)
    ignore = None if ignore_index is None else label == ignore_index
    assert torch.equal(value, function(logits, ignore=ignore, **kwargs))
    assert (value != loss(logits)) == (ignore_index is not None)

    other = (label + 1) % 250
    if ignore is not None:
        other[ignore] = ignore_index
    assert torch.equal(loss(logits, other, ignore_index=ignore_index), value)


@MODULES
def test_ignore_index_is_255_unless_said(
    module: type[nn.Module], logits: Tensor, label: Tensor
) -> None:
    assert torch.equal(module()(logits, label), module()(logits, label, ignore_index=255))


@WITH_SETTINGS
def test_weight_scales_each_pixel(
    module: type[nn.Module], function: Callable, kwargs: dict, logits: Tensor, label: Tensor
) -> None:
    weight = torch.rand(2, 4, 6, dtype=torch.float64)
    value = module(**kwargs)(logits, label, weight=weight, ignore_index=255)
    assert torch.equal(value, function(logits, ignore=label == 255, weight=weight, **kwargs))
    assert value != module(**kwargs)(logits, label, ignore_index=255)


@WITH_SETTINGS
def test_built_from_the_registry(
    module: type[nn.Module], function: Callable, kwargs: dict, logits: Tensor
) -> None:
    loss = MODELS.build(dict(type=module.__name__, loss_weight=0.5, loss_name='loss_x', **kwargs))
    assert type(loss) is module
    assert loss.loss_name == 'loss_x'
    torch.testing.assert_close(loss(logits), 0.5 * function(logits, **kwargs))


def test_names_tell_the_losses_apart() -> None:
    assert MaxSquareLoss().loss_name == 'loss_max_square'
    assert EntropyLoss().loss_name == 'loss_entropy'


def test_repr_shows_what_was_set() -> None:
    assert repr(EntropyLoss(alpha=0.2, weight_by='argmax', gamma=0.05, loss_weight=0.1)) == (
        "EntropyLoss(alpha=0.2, weight_by='argmax', class_average=False, loss_weight=0.1, "
        'gamma=0.05)'
    )


@pytest.mark.parametrize(
    'type_, function', [('MaxSquareLoss', max_square_loss), ('EntropyLoss', entropy_loss)]
)
def test_one_of_several_losses_of_a_stock_head(type_: str, function: Callable) -> None:
    head = MODELS.build(
        dict(
            type='FCNHead',
            in_channels=3,
            channels=4,
            num_convs=1,
            num_classes=CLASSES,
            dropout_ratio=0,
            norm_cfg=None,
            align_corners=False,
            loss_decode=[
                dict(type='CrossEntropyLoss'),
                dict(type=type_, loss_weight=0.1, class_average=True),
            ],
        )
    )
    head.init_weights()
    label = torch.randint(0, CLASSES, (2, 1, 8, 12))
    label[:, :, :2] = 255
    samples = [SegDataSample(gt_sem_seg=PixelData(data=one)) for one in label]
    logits = head([torch.randn(2, 3, 4, 6)])

    losses = head.loss_by_feat(logits, samples)

    name = {'MaxSquareLoss': 'loss_max_square', 'EntropyLoss': 'loss_entropy'}[type_]
    assert {key for key in losses if 'loss' in key} == {'loss_ce', name}
    full = resize(logits, size=(8, 12), mode='bilinear', align_corners=False)
    expected = 0.1 * function(full, class_average=True, ignore=label[:, 0] == 255)
    torch.testing.assert_close(losses[name], expected)
    losses[name].backward(retain_graph=True)
    alone = head.conv_seg.weight.grad.clone()
    assert alone.abs().sum() > 0
    losses['loss_ce'].backward()
    assert not torch.equal(head.conv_seg.weight.grad, alone)


@MODULES
def test_loss_name_without_loss_is_refused(module: type[nn.Module]) -> None:
    with pytest.raises(ValueError, match='loss_name must contain "loss".*\'target\''):
        module(loss_name='target')


@pytest.mark.parametrize('loss_weight', [-0.1, float('nan')])
@MODULES
def test_negative_loss_weight_is_refused(module: type[nn.Module], loss_weight: float) -> None:
    with pytest.raises(ValueError, match=f'loss_weight must be at least 0, got {loss_weight}'):
        module(loss_weight=loss_weight)


@pytest.mark.parametrize(
    'kwargs, message',
    [
        ({'alpha': 1.5}, 'alpha must lie in'),
        ({'weight_by': 'pixel'}, "weight_by must be one of .*got 'pixel'"),
    ],
)
@MODULES
def test_parameters_are_checked_when_built(
    module: type[nn.Module], kwargs: dict, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        module(**kwargs)


def test_gamma_is_checked_when_built() -> None:
    with pytest.raises(ValueError, match='gamma must lie in'):
        EntropyLoss(gamma=0.5)


@MODULES
def test_an_unknown_key_is_refused(module: type[nn.Module]) -> None:
    with pytest.raises(TypeError, match='lambda_t'):
        MODELS.build(dict(type=module.__name__, lambda_t=0.1))
    with pytest.raises(TypeError, match='gama'):
        module(gama=0.1)
