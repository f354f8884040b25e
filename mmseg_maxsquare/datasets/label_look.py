"""Whether a file looks like a label map, also after JPEG has changed it."""

import cv2
import numpy as np

from ..data_files import BadFileError
from .pixel_format import decode, looks_like_labels, read_header

# A JPEG of a label map is flat but near its edges, and has few colours that stand out.
FLATNESS, PEAKS, SHARE = 0.5, 16, 0.4
SIDE = 1000  # pixels of a side whose colours are counted
NEAR = 3  # steps by which JPEG changes a colour
DARK = 48  # values below which a JPEG of ids is, and no photograph


def looks_like_label_file(path: str) -> bool | None:
    """Whether a file is probably a label map, by its content.

    Args:
        path: An image.

    Returns:
        None if the content says nothing: a single colour, or not readable.
    """
    try:
        image = decode(path, cv2.IMREAD_UNCHANGED)
    except (BadFileError, OSError):
        return None
    if image is None or (image == image[0, 0]).all():
        return None
    if read_header(path).lossless:
        return looks_like_labels(image)
    if image.max() < DARK:
        return looks_like_labels(image)
    return _is_flat(image) and _has_peaks(image)


def _is_flat(image: np.ndarray) -> bool:
    flat = image.reshape(*image.shape[:2], -1)
    across = (flat[:, 1:] == flat[:, :-1]).all(-1).mean()
    down = (flat[1:] == flat[:-1]).all(-1).mean()
    return bool(min(across, down) >= FLATNESS)


def _has_peaks(image: np.ndarray) -> bool:
    """Whether few colours, without those near them, make up what is not background.

    In a photograph every colour has neighbours that are as frequent. The most frequent colour
    says nothing: the black of a night photograph is flat, too.
    """
    step = 1 + max(image.shape[:2]) // SIDE
    pixels = image[::step, ::step].reshape(-1, image.shape[2] if image.ndim == 3 else 1)
    colours, counts = np.unique(pixels, axis=0, return_counts=True)
    order = np.argsort(-counts)[:2000]
    colours, counts = colours[order].astype(np.int16), counts[order]
    peaks: list[int] = []
    background = 0
    while len(counts) and len(peaks) <= PEAKS:
        peaks.append(int(counts[0]))
        near = (np.abs(colours - colours[0]) <= NEAR).all(1)
        background = background or int(counts[near].sum())
        colours, counts = colours[~near], counts[~near]
    return sum(peaks[1:]) >= SHARE * max(1, len(pixels) - background)
