"""Names of the files that predictions are written to: no two images share one."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ENDINGS = ('.png', '.jpg', '.npz')  # of outputs


def names_of(images: Sequence[Path], source: Path | None = None) -> list[str]:
    """Names of the outputs, relative to the folder of the images.

    Args:
        images: Each once.
        source: Folder that they are in. Defaults to the one that they share.

    Raises:
        ValueError: If two are equal, or one is that of a folder.
    """
    absolute = [os.path.abspath(path) for path in images]
    root = os.path.abspath(source) if source else os.path.commonpath(map(os.path.dirname, absolute))
    relative = [os.path.relpath(path, root) for path in absolute]
    stems = [os.path.splitext(name)[0] for name in relative]
    taken = Counter(stem.lower() for stem in stems)
    taken.update(_folders_as_files(relative))
    names = [
        stem if taken[stem.lower()] == 1 else name
        for stem, name in zip(stems, relative, strict=True)
    ]
    _require_places(names, relative)
    return names


def _folders_as_files(relative: Sequence[str]) -> set[str]:
    """Names that outputs cannot have, since a folder of images is called like their file."""
    folders = {str(folder).lower() for name in relative for folder in Path(name).parents}
    return {
        folder.removesuffix(end) for folder in folders for end in ENDINGS if folder.endswith(end)
    }


def _require_places(names: Sequence[str], relative: Sequence[str]) -> None:
    """Raise ``ValueError`` if two images have one output, or one that is another's folder."""
    found: dict[str, str] = {}
    for name, image in zip(names, relative, strict=True):
        other = found.setdefault(name.lower(), image)
        if other != image:
            raise ValueError(
                f'the images {other} and {image} would both be written to {name}.png; rename one '
                'of them'
            )
    for name in _folders_as_files(relative) & set(found):
        raise ValueError(
            f'the image {found[name]} would be written to a file that is called like a folder of '
            'images; rename one of them'
        )


def flat_names_of(images: Sequence[Path]) -> list[str]:
    """The images' own names without folder and suffix if these differ, else :func:`names_of`.

    mmseg's metrics write such flat names, which the evaluation servers of some benchmarks want.

    Args:
        images: Each once.
    """
    stems = [path.stem for path in images]
    unique = len({stem.lower() for stem in stems}) == len(stems)
    return stems if unique else names_of(images)
