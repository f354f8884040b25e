"""Names of the files that predictions are written to: no two images share one."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def names_of(images: Sequence[Path], source: Path | None = None) -> list[str]:
    """Names of the outputs, relative to the folder of the images.

    Args:
        images: Each once.
        source: Folder that they are in. Defaults to the one that they share.

    Raises:
        ValueError: If two are equal.
    """
    absolute = [os.path.abspath(path) for path in images]
    root = os.path.abspath(source) if source else os.path.commonpath(map(os.path.dirname, absolute))
    relative = [os.path.relpath(path, root) for path in absolute]
    stems = [os.path.splitext(name)[0] for name in relative]
    same = Counter(stem.lower() for stem in stems)
    names = [
        stem if same[stem.lower()] == 1 else name
        for stem, name in zip(stems, relative, strict=True)
    ]
    twice = [name for name, count in Counter(map(str.lower, names)).items() if count > 1]
    if twice:
        raise ValueError(f'several images would be written to {twice[0]}.png; rename one of them')
    return names


def flat_names_of(images: Sequence[Path]) -> list[str]:
    """The images' own names without folder and suffix if these differ, else :func:`names_of`.

    mmseg's metrics write such flat names, which the evaluation servers of some benchmarks want.

    Args:
        images: Each once.
    """
    stems = [path.stem for path in images]
    unique = len({stem.lower() for stem in stems}) == len(stems)
    return stems if unique else names_of(images)
