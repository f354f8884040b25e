"""Finds the images that a user names: a folder, one image, or a list of paths."""

import os
from collections import Counter
from pathlib import Path

from mmseg_maxsquare.data_files import read_list
from mmseg_maxsquare.datasets.photographs import (
    IMAGE_SUFFIXES,
    OTHER_SUFFIXES,
    images_below,
    is_image,
    photographs_below,
)

from .words import counted

VIDEO_SUFFIXES = ('.mp4', '.mov', '.avi', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg', '.wmv')


def find_images(where: Path) -> tuple[list[Path], list[str]]:
    """Paths of the images.

    Args:
        where: A folder, which is searched through (see :func:`photographs_below`); an image;
            or a text file with one path per line, relative to its folder or absolute.

    Returns:
        The paths, sorted or in the order of the list; and notes on what is left out.

    Raises:
        ValueError: If there is no such file or folder, or no image in it.
    """
    if where.is_dir():
        paths, labels = photographs_below(str(where))
        others = _about_others(where)
        if not paths:
            found = f' ({others[0]})' if others else ''
            raise ValueError(
                f'{where}: no image in this folder{found}; expected files that end in '
                f'{"/".join(IMAGE_SUFFIXES)}'
            )
        return [Path(path) for path in paths], [*_about_labels(labels), *others]
    if not where.is_file():
        raise ValueError(f'{where}: no such file or folder; name a folder of images')
    if is_image(where.name):
        return [where], []
    if is_image(where.name, OTHER_SUFFIXES):
        raise ValueError(f'{where}: {where.suffix} files are not read; convert it to JPEG or PNG')
    if is_image(where.name, VIDEO_SUFFIXES):
        raise ValueError(
            f'{where}: videos are not read; make a folder of frames of it, such as with '
            f'"ffmpeg -i {where.name} -vf fps=1 frames/%05d.jpg"'
        )
    return _listed(where), []


def fits_in_list(path: Path) -> bool:
    """Whether a list of images can hold a path: one line of UTF-8 text."""
    try:
        lines = str(path).encode('utf-8').splitlines()
    except UnicodeEncodeError:
        return False
    return len(lines) == 1 and str(path) == str(path).strip()


def _about_labels(labels: list[str]) -> list[str]:
    if not labels:
        return []
    found = counted(len(labels), 'label map')
    return [f'left out: {found} beside the images, such as {labels[0]}']


def _about_others(folder: Path) -> list[str]:
    """A note for each kind of photographs that is not read."""
    kinds = Counter(Path(path).suffix.lower() for path in images_below(str(folder), OTHER_SUFFIXES))
    return [
        f'left out: {counted(count, f"{kind} file")}; convert to JPEG or PNG'
        for kind, count in sorted(kinds.items())
    ]


def _listed(path: Path) -> list[Path]:
    try:
        lines = [line for line in read_list(str(path)) if line]
    except (OSError, ValueError) as error:
        raise ValueError(
            f'{path}: is neither an image nor a list of images ({error}); name a folder, or write '
            'one path per line'
        ) from None
    images = [path.parent / line for line in lines]
    missing = [image for image in images if not image.is_file()]
    if missing:
        raise ValueError(
            f'{path}: lists {counted(len(missing), "missing file")}, such as {missing[0]}; correct '
            'the list'
        )
    # A file may be listed by several paths; a link keeps its own name.
    by_place: dict[tuple[str, str], Path] = {}
    for image in images:
        by_place.setdefault((os.path.realpath(image.parent), image.name), image)
    return list(by_place.values())
