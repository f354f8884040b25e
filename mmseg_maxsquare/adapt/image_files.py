"""Finds the images that a user names: a folder, one image, or a list of paths."""

import os
from collections.abc import Iterator
from pathlib import Path

from mmseg_maxsquare.data_files import read_list
from mmseg_maxsquare.datasets.image_folder import IMAGE_SUFFIXES

# Folders in which programs and systems keep copies and thumbnails of images.
NOT_SEARCHED = ('__MACOSX', '@eaDir', '$RECYCLE.BIN', 'System Volume Information', 'lost+found')


def find_images(where: Path) -> list[Path]:
    """Paths of the images.

    Args:
        where: A folder, which is searched through without hidden folders; an image; or a text
            file with one path per line, relative to its folder or absolute.

    Returns:
        Sorted; in the order of the list, if it is one.

    Raises:
        ValueError: If there is no such file or folder, or no image in it.
    """
    if where.is_dir():
        found = sorted(_below(where))
        if not found:
            raise ValueError(
                f'{where}: no image in this folder; expected files that end in '
                f'{"/".join(IMAGE_SUFFIXES)}'
            )
        return found
    if not where.is_file():
        raise ValueError(f'{where}: no such file or folder; name a folder of images')
    if is_image(where.name):
        return [where]
    return _listed(where)


def is_image(name: str) -> bool:
    """Whether a file's name is that of an image which is not hidden."""
    return name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith('.')


def _below(root: Path) -> Iterator[Path]:
    """Images below a folder; each folder is entered once, also through links."""
    entered = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        place = os.path.realpath(folder)
        if place in entered:
            folders.clear()
            continue
        entered.add(place)
        folders[:] = sorted(n for n in folders if not n.startswith('.') and n not in NOT_SEARCHED)
        yield from (Path(folder, name) for name in names if is_image(name))


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
            f'{path}: lists {len(missing)} files that do not exist, such as {missing[0]}; correct '
            'the list'
        )
    return list(dict.fromkeys(images))
