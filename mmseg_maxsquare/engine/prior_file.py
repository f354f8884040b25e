"""The spatial prior of a source: counted once, stored, and shown as a picture."""

import hashlib
import io
import json
import math
import zipfile
from pathlib import Path

import cv2
import numpy as np
from torch.utils.data import Dataset

from ..data_files import BadFileError
from ..methods.cbst import spatial_prior
from .atomic_files import AtomicBackend

PLACES = 256  # columns in which the frequencies are counted
NAME = 'prior'
REMEDY = 'move it away to have it counted again'


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
    prior = stored_prior(dataset, classes, width, folder)
    if prior is not None:
        return prior
    counts, columns = _counts(dataset, len(classes))
    prior = spatial_prior(counts, max(1, round(width * counts.shape[2] / columns)))
    buffer = io.BytesIO()
    np.savez(buffer, prior=prior, key=_key(dataset, classes, width))
    AtomicBackend().put(cv2.imencode('.png', picture(prior, classes))[1].tobytes(),
                        folder / f'{NAME}.png')  # fmt: skip
    AtomicBackend().put(buffer.getvalue(), folder / f'{NAME}.npz')
    return prior


def stored_prior(
    dataset: Dataset, classes: list[str], width: int, folder: Path
) -> np.ndarray | None:
    """The prior of ``prior.npz``, None if there is none; as :func:`source_prior`."""
    path = folder / f'{NAME}.npz'
    if not path.is_file():
        return None
    try:
        with np.load(path) as file:
            found, prior = json.loads(str(file['key'])), file['prior']
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        reason = f'no file of a prior ({str(error) or type(error).__name__})'
        raise BadFileError(f'{path}: {reason}; {REMEDY}') from None
    wanted = json.loads(_key(dataset, classes, width))
    for name in wanted:
        if not isinstance(found, dict) or found.get(name) != wanted[name]:
            was = found.get(name) if isinstance(found, dict) else found
            raise BadFileError(f'{path}: found {name} {was}, expected {wanted[name]}; {REMEDY}')
    shape = (len(classes), *_size(_label(dataset, 0).shape))
    if prior.shape != shape:
        raise BadFileError(f'{path}: found shape {prior.shape}, expected {shape}; {REMEDY}')
    sums = prior.sum((1, 2))
    if not (np.isfinite(prior).all() and (prior >= 0).all() and np.allclose(sums, 1, atol=1e-3)):
        raise BadFileError(
            f'{path}: found numbers that are no frequencies, expected a sum of 1 for each class; '
            f'{REMEDY}'
        )
    return prior


def _key(dataset: Dataset, classes: list[str], width: int) -> str:
    names = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
    return json.dumps(dict(classes=classes, width=width, images=digest_of(names)))


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
    if not len(dataset):
        raise ValueError('train_dataloader.dataset.source: no image to count the prior from')
    first = _label(dataset, 0)
    counts = np.zeros((classes, *_size(first.shape)))
    for i in range(len(dataset)):
        label = _label(dataset, i)
        for c in np.unique(label[label < classes]):
            mask = (label == c).astype(np.float32)
            counts[c] += cv2.resize(mask, counts.shape[:0:-1], interpolation=cv2.INTER_AREA)
    return counts, first.shape[1]


def _label(dataset: Dataset, index: int) -> np.ndarray:
    return dataset[index]['data_samples'].gt_sem_seg.data[0].numpy().astype(np.uint8)


def _size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns in which the labels of a size are counted."""
    width = min(PLACES, shape[1])
    return max(1, round(shape[0] * width / shape[1])), width


def digest_of(names: list[str]) -> str:
    """Fingerprint of a list of names."""
    return hashlib.sha256('\n'.join(names).encode('utf-8', 'surrogateescape')).hexdigest()
