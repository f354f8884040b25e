"""Names of target images, by which their labels are found."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from .image_files import find_images

Pairs = list[tuple[Path, Path]]


def relative(path: Path, target: Path) -> str:
    """Name of an image as seen from the target folder, or from that of a list.

    A link is not followed: its own name counts. Folders are resolved only where they are
    spelled differently.
    """
    folder = (target if target.is_dir() else target.parent).absolute()
    own = path.absolute()
    if own.is_relative_to(folder):
        return str(own.relative_to(folder))
    return os.path.relpath(_resolved_folder(own), os.path.realpath(folder))


def namings(images: Sequence[Path], target: Path) -> Iterator[list[str]]:
    """Names that the images may have in another folder, such as that of their labels.

    Args:
        images: Some of the target images.
        target: Of a folder, names are those below it. Images of a list, or a single one, are
            named below the folder that all of them share, or one above it; at last, without
            a folder.
    """
    if target.is_dir():
        yield [relative(image, target) for image in images]
        return
    folders = [_resolved_folder(image.absolute()).parent for image in find_images(target)[0]]
    common = Path(os.path.commonpath(folders))
    for root in (common, *common.parents):
        yield [os.path.relpath(_resolved_folder(image.absolute()), root) for image in images]
    yield [image.name for image in images]


def best_of(pairings: Sequence[Pairs]) -> Pairs:
    """The pairs of image and label that exist, of the pairing with most labels.

    Raises:
        ValueError: If a label belongs to two images.
    """
    existing = [[pair for pair in pairs if pair[1].is_file()] for pairs in pairings]
    best = max(existing, key=lambda pairs: len({label for _, label in pairs}))
    image_of: dict[Path, Path] = {}
    for image, label in best:
        other = image_of.setdefault(label, image)
        if other != image:
            raise ValueError(
                f'--labels: {label} would be the label of both {other} and {image}; put the '
                'labels into the folders of the images, or take one of the images away'
            )
    return best


def _resolved_folder(path: Path) -> Path:
    return Path(os.path.realpath(path.parent), path.name)
