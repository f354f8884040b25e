"""The spatial prior of a source: counted once, stored, and shown as a picture."""

import hashlib
import io
import json
import math
from pathlib import Path

import cv2
import numpy as np
from torch.utils.data import Dataset

from ..data_files import BadFileError
from ..methods.cbst import spatial_prior
from .atomic_files import AtomicBackend

PLACES = 256  # columns in which the frequencies are counted
NAME = 'prior'


def source_prior(dataset: Dataset, classes: list[str], width: int, folder: Path) -> np.ndarray:
    """The prior of labelled images, from ``prior.npz`` if that is of the same source.

    Args:
        dataset: Its items have ``gt_sem_seg``.
        classes: Names.
        width: Of the kernel in pixels of the labels.
        folder: Where ``prior.npz`` and ``prior.png`` are.

    Returns:
        float32 ``(C, h, w)``; see :func:`spatial_prior`.

    Raises:
        BadFileError: If ``prior.npz`` is of another size or class list, or of other images.
    """
    path = folder / f'{NAME}.npz'
    names = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
    key = json.dumps(dict(classes=classes, width=width, images=digest_of(names)))
    if path.is_file():
        with np.load(path) as file:
            found, prior = str(file['key']), file['prior']
        if found != key or prior.ndim != 3 or len(prior) != len(classes):
            raise BadFileError(
                f'{path} is the prior of other images, classes or width; move it away'
            )
        return prior
    counts, columns = _counts(dataset, len(classes))
    prior = spatial_prior(counts, max(1, round(width * counts.shape[2] / columns)))
    buffer = io.BytesIO()
    np.savez(buffer, prior=prior, key=key)
    AtomicBackend().put(cv2.imencode('.png', picture(prior, classes))[1].tobytes(),
                        path.with_suffix('.png'))  # fmt: skip
    AtomicBackend().put(buffer.getvalue(), path)
    return prior


def picture(prior: np.ndarray, classes: list[str]) -> np.ndarray:
    """A map of each class, scaled to its maximum, with its name; uint8 BGR."""
    tiles = []
    for of_class, name in zip(prior, classes, strict=True):
        scaled = (of_class / max(float(of_class.max()), 1e-30) * 255).astype(np.uint8)
        tile = cv2.applyColorMap(cv2.resize(scaled, (256, 128)), cv2.COLORMAP_VIRIDIS)
        text = name.encode('ascii', 'replace').decode()
        cv2.putText(tile, text, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255,) * 3, 1, cv2.LINE_AA)
        tiles.append(tile)
    columns = math.ceil(math.sqrt(len(tiles)))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows)


def _counts(dataset: Dataset, classes: int) -> tuple[np.ndarray, int]:
    """Frequencies ``(C, h, w)`` of the classes, and the width of the labels."""
    counts, columns = None, 0
    for i in range(len(dataset)):
        label = dataset[i]['data_samples'].gt_sem_seg.data[0].numpy().astype(np.uint8)
        if counts is None:
            columns = label.shape[1]
            width = min(PLACES, columns)
            height = max(1, round(label.shape[0] * width / columns))
            counts = np.zeros((classes, height, width))
        for c in np.unique(label[label < classes]):
            mask = (label == c).astype(np.float32)
            counts[c] += cv2.resize(mask, counts.shape[:0:-1], interpolation=cv2.INTER_AREA)
    if counts is None:
        raise ValueError('train_dataloader.dataset.source: no image to count the prior from')
    return counts, columns


def digest_of(names: list[str]) -> str:
    """Fingerprint of a list of names."""
    return hashlib.sha256('\n'.join(names).encode('utf-8', 'surrogateescape')).hexdigest()
