"""Finds the images that a user names: a folder, one image, or a list of paths."""

from pathlib import Path

from mmseg_maxsquare.data_files import read_list
from mmseg_maxsquare.datasets.photographs import IMAGE_SUFFIXES, is_image, photographs_below


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
        if not paths:
            raise ValueError(
                f'{where}: no image in this folder; expected files that end in '
                f'{"/".join(IMAGE_SUFFIXES)}'
            )
        return [Path(path) for path in paths], _about(labels)
    if not where.is_file():
        raise ValueError(f'{where}: no such file or folder; name a folder of images')
    if is_image(where.name):
        return [where], []
    return _listed(where), []


def _about(labels: list[str]) -> list[str]:
    if not labels:
        return []
    return [f'left out: {len(labels)} label maps beside the images, such as {labels[0]}']


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
