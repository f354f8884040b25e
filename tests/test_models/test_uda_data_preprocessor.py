"""Preprocessing of nested batches."""

import pytest
import torch
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS

from mmseg_maxsquare.models import UDADataPreprocessor

from tests.helpers.tiny_models import MEAN, STD, plain_batch, uda_batch

NORMALISE = dict(mean=MEAN, std=STD, bgr_to_rgb=True)
PADDING = [dict(size=(40, 48)), dict(size_divisor=16)]
MIXED = ((32, 32), (24, 40))


def build(**kwargs) -> UDADataPreprocessor:
    """The preprocessor from its config."""
    return MODELS.build(dict(type='UDADataPreprocessor', **NORMALISE, **kwargs))


@pytest.mark.parametrize('padding', PADDING)
def test_each_domain_is_treated_as_mmseg_does(padding: dict) -> None:
    """Images, labels and meta information equal those of two stock calls."""
    sizes = dict(source=MIXED, target=((16, 16), (20, 12)))
    data = build(**padding)(uda_batch(3, **sizes), training=True)
    stock = SegDataPreProcessor(**NORMALISE, **padding)
    expected = {
        'source': stock(plain_batch(sizes['source'], 6), training=True),
        'target': stock(plain_batch(sizes['target'], 7, labels=False), training=True),
    }
    assert {key: set(value) for key, value in data.items()} == {
        'inputs': {'source', 'target'},
        'data_samples': {'source', 'target'},
    }
    for domain, want in expected.items():
        assert torch.equal(data['inputs'][domain], want['inputs'])
        for sample, other in zip(data['data_samples'][domain], want['data_samples'], strict=True):
            assert sample.metainfo == other.metainfo
    labels = [sample.gt_sem_seg.data for sample in data['data_samples']['source']]
    for label, other in zip(labels, expected['source']['data_samples'], strict=True):
        assert torch.equal(label, other.gt_sem_seg.data)


def test_without_size_images_are_padded_to_the_largest() -> None:
    """Neither size nor size_divisor: each domain for itself, labels with 255."""
    data = build()(uda_batch(source=MIXED, target=((16, 20), (16, 20))), training=True)
    assert data['inputs']['source'].shape == (2, 3, 32, 40)
    assert data['inputs']['target'].shape == (2, 3, 16, 20)
    first, second = data['data_samples']['source']
    assert tuple(first.padding_size) == (0, 8, 0, 0)
    assert tuple(second.padding_size) == (0, 0, 0, 8)
    assert (first.gt_sem_seg.data[0, :, 32:] == 255).all()
    assert (second.gt_sem_seg.data[0, 24:] == 255).all()
    assert not data['inputs']['source'][1, :, 24:].any()
    for sample in data['data_samples']['target']:
        assert tuple(sample.padding_size) == (0, 0, 0, 0)


def test_normalisation_by_hand() -> None:
    """BGR becomes RGB, then mean and deviation."""
    batch = uda_batch(1)
    raw = batch['inputs']['target'][1].float()
    data = build()(batch, training=True)
    expected = (raw.flip(0) - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    assert torch.allclose(data['inputs']['target'][1], expected, atol=1e-6)


@pytest.mark.parametrize('padding', PADDING)
@pytest.mark.parametrize('training', [True, False])
def test_plain_batches_as_stock(padding: dict, training: bool) -> None:
    """Validation, inference and supervised training see mmseg's own treatment."""
    sizes = MIXED if training else ((32, 32), (32, 32))
    data = build(**padding)(plain_batch(sizes, 5), training)
    expected = SegDataPreProcessor(**NORMALISE, **padding)(plain_batch(sizes, 5), training)
    assert torch.equal(data['inputs'], expected['inputs'])
    for sample, other in zip(data['data_samples'], expected['data_samples'], strict=True):
        assert sample.metainfo == other.metainfo
        assert torch.equal(sample.gt_sem_seg.data, other.gt_sem_seg.data)


def test_padding_of_the_test_configuration_stays() -> None:
    """test_cfg pads images to be predicted, as in mmseg."""
    data = build(test_cfg=dict(size_divisor=32))(plain_batch(((20, 24),)), False)
    assert data['inputs'].shape == (1, 3, 32, 32)


def test_size_and_divisor_exclude_each_other() -> None:
    """mmseg's own rule is not loosened."""
    with pytest.raises(AssertionError, match='size and size_divisor'):
        build(size=(40, 48), size_divisor=16)(uda_batch(), training=True)


def test_missing_domain_is_an_error() -> None:
    """A nested batch has a target; only the source may be missing."""
    batch = {key: {'source': value['source']} for key, value in uda_batch().items()}
    with pytest.raises(KeyError, match='target'):
        build()(batch, training=True)
