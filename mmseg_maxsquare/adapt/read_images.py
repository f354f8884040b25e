"""Reads target images once before a run, so that a damaged one shows at the start."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.datasets import LoadImage
from mmseg_maxsquare.runs.errors import one_line
from mmseg_maxsquare.runs.progress import progress

from .image_files import fits_in_list
from .words import counted


@dataclass(frozen=True)
class Readable:
    """Images that can be read.

    Attributes:
        paths: In the order given.
        sizes: (height, width) of each.
        bad: One line for each image that cannot be read.
    """

    paths: list[Path]
    sizes: list[tuple[int, int]]
    bad: list[str]

    def median_size(self) -> tuple[int, int]:
        """The (height, width) of the image with the median number of pixels."""
        order = np.argsort([height * width for height, width in self.sizes])
        return self.sizes[int(order[len(order) // 2])]

    def notes(self) -> list[str]:
        """A line for each image that is left out."""
        return [f'left out: {message}' for message in self.bad]


def read_all(paths: Sequence[Path], workers: int = 2) -> Readable:
    """Read images completely.

    Args:
        paths: At least one.
        workers: Threads.

    Raises:
        ValueError: If none can be read.
    """
    load = LoadImage()
    good: list[Path] = []
    sizes: list[tuple[int, int]] = []
    bad: list[str] = []

    def read(path: Path) -> tuple[int, int] | str:
        try:
            size = load(dict(img_path=str(path)))['ori_shape']
        except (BadFileError, OSError) as error:
            return one_line(error)
        if not fits_in_list(path.absolute()):
            name = str(path).encode('unicode_escape').decode('ascii')
            return f'image {name}: a list cannot hold this name; rename it in UTF-8, on one line'
        return size

    with ThreadPoolExecutor(workers) as pool, progress('read images', len(paths)) as advance:
        for path, found in zip(paths, pool.map(read, paths), strict=True):
            advance()
            if isinstance(found, str):
                bad.append(found)
            else:
                good.append(path)
                sizes.append(found)
    if not good:
        raise ValueError(f'target: none of {counted(len(paths), "image")} can be read: {bad[0]}')
    return Readable(good, sizes, bad)
