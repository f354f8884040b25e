"""The classifier of DeepLab v2."""

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mmseg_maxsquare.models import DeepLabV2Head

DILATIONS = pytest.mark.parametrize('dilations', [(1,), (6, 12), (6, 12, 18, 24)], ids=str)


@DILATIONS
def test_output_is_the_sum_of_the_dilated_convolutions(dilations: tuple[int, ...]) -> None:
    head = DeepLabV2Head(3, num_classes=5, dilations=dilations).double()
    x = torch.randn(2, 3, 30, 41, dtype=torch.float64)
    state = {name: torch.randn_like(value) for name, value in head.state_dict().items()}
    head.load_state_dict(state)
    expected = sum(
        F.conv2d(
            x,
            state[f'classifiers.{i}.weight'],
            state[f'classifiers.{i}.bias'],
            padding=rate,
            dilation=rate,
        )
        for i, rate in enumerate(dilations)
    )
    torch.testing.assert_close(head([x]), expected, rtol=0, atol=1e-12)


@DILATIONS
def test_every_parameter_is_used(dilations: tuple[int, ...]) -> None:
    """An unused one, such as BaseDecodeHead's conv_seg, would stop DDP."""
    head = DeepLabV2Head(3, num_classes=5, dilations=dilations)
    names = [
        f'classifiers.{i}.{part}' for i in range(len(dilations)) for part in ('weight', 'bias')
    ]
    assert list(head.state_dict()) == names
    assert [name for name, _ in head.named_parameters()] == names
    head([torch.randn(1, 3, 8, 8)]).sum().backward()
    assert all(parameter.grad is not None for parameter in head.parameters())


def test_rates_are_the_papers_unless_said() -> None:
    head = DeepLabV2Head(3, num_classes=5)
    assert [conv.dilation for conv in head.classifiers] == [(6, 6), (12, 12), (18, 18), (24, 24)]
    assert [conv.padding for conv in head.classifiers] == [(6, 6), (12, 12), (18, 18), (24, 24)]


@pytest.mark.parametrize('size', [(1, 1), (7, 5), (33, 65)], ids=str)
def test_resolution_is_kept(size: tuple[int, int]) -> None:
    head = DeepLabV2Head(3, num_classes=5)
    assert head([torch.randn(2, 3, *size)]).shape == (2, 5, *size)


def test_weights_start_with_a_deviation_of_a_hundredth() -> None:
    """About 44,000 weights: the sample deviation is good to 0.4 %."""
    head = DeepLabV2Head(64, num_classes=19)
    head.init_weights()
    weights = torch.cat([conv.weight.flatten() for conv in head.classifiers])
    assert weights.std().item() == pytest.approx(0.01, rel=0.02)
    assert weights.mean().item() == pytest.approx(0, abs=3e-4)
    assert all((conv.bias == 0).all() for conv in head.classifiers)


def test_takes_the_feature_map_at_in_index() -> None:
    head = MODELS.build(dict(type='DeepLabV2Head', in_channels=3, in_index=0, num_classes=5))
    assert type(head) is DeepLabV2Head
    low, high = torch.randn(1, 3, 8, 8), torch.randn(1, 7, 4, 4)
    assert torch.equal(head([low, high]), sum(classifier(low) for classifier in head.classifiers))


def test_dropout_acts_in_training_only() -> None:
    head = DeepLabV2Head(3, num_classes=5, dilations=(1,), dropout_ratio=0.999999)
    x = torch.randn(1, 3, 4, 4)
    bias = head.classifiers[0].bias.view(1, -1, 1, 1).expand(1, 5, 4, 4)
    assert torch.equal(head.train()([x]), bias)
    assert not torch.equal(head.eval()([x]), bias)


def test_no_rates_are_refused() -> None:
    with pytest.raises(ValueError, match='dilations must name at least one rate'):
        DeepLabV2Head(3, num_classes=5, dilations=())
