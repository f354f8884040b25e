"""The paper's blur."""

import cv2
import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_maxsquare.datasets import RandomGaussianBlur


@pytest.fixture
def results() -> dict:
    """What a pipeline passes on: a noisy image and its label."""
    rng = np.random.default_rng(0)
    return dict(
        img=rng.integers(0, 256, (20, 30, 3), dtype=np.uint8),
        gt_seg_map=rng.integers(0, 19, (20, 30), dtype=np.uint8),
        seg_fields=['gt_seg_map'],
    )


def draws(seed: int, count: int = 4000, **kwargs) -> np.ndarray:
    """Radii of many calls after seeding NumPy."""
    np.random.seed(seed)
    blur = RandomGaussianBlur(**kwargs)
    return np.array([blur.draw_radius() for _ in range(count)])


def test_prob_0_is_the_identity(results: dict) -> None:
    """Never blurs, for any seed."""
    image = results['img'].copy()
    blur = TRANSFORMS.build(dict(type='RandomGaussianBlur', prob=0))
    for _ in range(20):
        results = blur(results)
    np.testing.assert_array_equal(results['img'], image)


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_prob_1_smooths_the_image_and_leaves_the_label(results: dict, dtype: type) -> None:
    """The variance falls, shape and type stay; the label is the same object."""
    results['img'] = results['img'].astype(dtype)
    before, label = results['img'].copy(), results['gt_seg_map'].copy()
    np.random.seed(1)
    after = RandomGaussianBlur(prob=1, max_radius=3)(results)
    assert after['img'].shape == before.shape
    assert after['img'].dtype == dtype
    assert after['img'].std() < 0.7 * before.std()
    np.testing.assert_array_equal(after['gt_seg_map'], label)
    assert set(after) == {'img', 'gt_seg_map', 'seg_fields'}


@pytest.mark.parametrize('radius', [0.4, 0.7, 0.99, 2.5])
def test_equals_opencv(results: dict, monkeypatch: pytest.MonkeyPatch, radius: float) -> None:
    """The radius is the standard deviation in pixels."""
    blur = RandomGaussianBlur(prob=1)
    monkeypatch.setattr(blur, 'draw_radius', lambda: radius)
    expected = cv2.GaussianBlur(results['img'], (0, 0), sigmaX=radius, sigmaY=radius)
    assert (expected != results['img']).any()
    np.testing.assert_array_equal(blur(results)['img'], expected)


@pytest.mark.parametrize(('prob', 'max_radius'), [(0.5, 1.0), (0.2, 1.0), (1.0, 1.0), (0.5, 4.0)])
def test_distribution(prob: float, max_radius: float) -> None:
    """Share of blurred images is prob; their radius is uniform in [0, max_radius)."""
    radii = draws(0, prob=prob, max_radius=max_radius)
    blurred = radii[radii > 0]
    assert len(blurred) / len(radii) == pytest.approx(prob, abs=0.025)
    assert blurred.max() < max_radius
    quantiles = np.quantile(blurred, [0.25, 0.5, 0.75]) / max_radius
    np.testing.assert_allclose(quantiles, [0.25, 0.5, 0.75], atol=0.05)


def test_defaults_are_the_released_ones() -> None:
    """Probability 0.5, radius below 1."""
    np.testing.assert_array_equal(draws(3), draws(3, prob=0.5, max_radius=1))


def test_numpy_seed_decides() -> None:
    """Same seed, same radii; another seed, others."""
    np.testing.assert_array_equal(draws(1, 50), draws(1, 50))
    assert (draws(1, 50) != draws(2, 50)).any()


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(prob=-0.1), r'prob must lie in \[0, 1\], got -0.1'),
        (dict(prob=1.5), r'prob must lie in \[0, 1\], got 1.5'),
        (dict(prob=float('nan')), 'prob must lie'),
        (dict(max_radius=0), 'max_radius must be positive, got 0'),
        (dict(max_radius=-1), 'max_radius must be positive, got -1'),
        (dict(max_radius=float('nan')), 'max_radius must be positive'),
    ],
)
def test_bad_parameters(kwargs: dict, message: str) -> None:
    """Parameters out of range are refused with their value."""
    with pytest.raises(ValueError, match=message):
        RandomGaussianBlur(**kwargs)


def test_repr_names_the_parameters() -> None:
    """What a log of the pipeline shows."""
    assert repr(RandomGaussianBlur(0.25)) == 'RandomGaussianBlur(prob=0.25, max_radius=1.0)'
