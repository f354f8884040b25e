"""Indicators without labels, against closed forms and slow implementations."""

import math

import pytest
import torch

from mmseg_maxsquare.evaluation import indicators
from mmseg_maxsquare.losses import class_shares, information_maximisation_loss

UNIFORM = torch.zeros(2, 4, 3, 5)
SURE = torch.full((1, 4, 3, 5), -50.0).index_fill_(1, torch.tensor([2]), 50.0)


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(3, 4, 6, 7, generator=torch.Generator().manual_seed(1))


def test_confidence() -> None:
    assert indicators.confidence(UNIFORM).tolist() == [0.25, 0.25]
    assert indicators.confidence(SURE).tolist() == [1.0]


def test_entropy() -> None:
    torch.testing.assert_close(indicators.normalised_entropy(UNIFORM), torch.ones(2))
    assert indicators.normalised_entropy(SURE).item() == pytest.approx(0, abs=1e-6)


def test_information_equals_the_loss(logits: torch.Tensor) -> None:
    """Divided by log C, over images of equal size."""
    value = indicators.information(indicators.normalised_entropy(logits), class_shares(logits))
    expected = information_maximisation_loss(logits) / math.log(4)
    torch.testing.assert_close(value, expected)


def test_share_divergence() -> None:
    shares, reference = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.25, 0.75]])
    expected = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)
    assert indicators.share_divergence(shares, reference).item() == pytest.approx(expected)
    assert indicators.share_divergence(reference, reference).item() == 0
    lost = indicators.share_divergence(torch.tensor([[0.0, 1.0]]), reference)
    assert lost.isfinite() and lost > 5


def test_retained_share() -> None:
    """The smallest ratio; classes that the source model hardly predicts do not count."""
    reference = torch.tensor([0.5, 0.4, 0.099, 0.001])
    shares = torch.tensor([0.7, 0.25, 0.05, 0.0])
    expected = 0.05 / 0.099
    assert indicators.retained_share(shares, reference).item() == pytest.approx(expected)
    assert indicators.retained_share(torch.tensor([1.0, 0, 0, 0]), reference) == 0
    assert indicators.retained_share(shares, reference, least=0.9) == 1


def test_disagreement() -> None:
    labels = torch.tensor([[[0, 1], [2, 3]], [[1, 1], [1, 1]]])
    others = torch.tensor([[[0, 1], [2, 2]], [[1, 1], [1, 1]]])
    assert indicators.disagreement(labels, others).tolist() == [0.25, 0.0]


def test_soft_neighbourhood_density(logits: torch.Tensor) -> None:
    """Against two loops over the pixels of the paper's Eq. 1 to 3."""
    p = logits[:1].softmax(1).flatten(2)[0].T.double()
    p = p / p.norm(dim=1, keepdim=True)
    entropies = []
    for i in range(len(p)):
        scores = torch.stack([p[i] @ p[j] / 0.05 for j in range(len(p)) if j != i])
        q = (scores - scores.max()).exp()
        q = q / q.sum()
        entropies.append(-(q * q.log()).sum())
    expected = torch.stack(entropies).mean()
    found = indicators.soft_neighbourhood_density(logits[:1])
    torch.testing.assert_close(found[0].double(), expected, rtol=1e-4, atol=1e-4)


def test_density_of_equal_pixels_is_the_largest() -> None:
    found = indicators.soft_neighbourhood_density(UNIFORM)
    torch.testing.assert_close(found, torch.full((2,), math.log(14)))
