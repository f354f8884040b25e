"""Lists of images, in the forms in which they are published."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from mmseg_maxsquare.data_files import BadFileError, read_list

Stems = Callable[[str], list[str]]


def read_images(
    owner: str, path: str, folder: str, find: Callable[[list[str]], list[str | None]]
) -> list[str]:
    """The images that a list names.

    Args:
        owner: Name of the data set, for messages.
        path: The list.
        folder: Of the images.
        find: The image that each line names, None if there is none.

    Raises:
        FileNotFoundError: If the list, or an image that it names, is missing.
        BadFileError: If the list is empty or not text.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f'{owner}: no list of images {path}; correct ann_file')
    try:
        lines = [line for line in read_list(path) if line]
    except ValueError as error:
        raise BadFileError(
            f'{owner}: {path} {error}; write one image name per line, or correct ann_file'
        ) from None
    found = find(lines)
    missing = [line for line, image in zip(lines, found, strict=True) if image is None]
    if missing:
        raise FileNotFoundError(
            f'{owner}: {path} lists {len(missing)} images that {folder} lacks: {some(missing)}; '
            'complete the folder or take them off the list'
        )
    return [image for image in found if image is not None]


def find_listed(
    lines: Sequence[str], by_stem: dict[str, str], stems_of: Stems, folder: str
) -> list[str | None]:
    """The image that each line of a list names; None if there is none.

    A line is the path of an image, with or without suffix, with slashes or backslashes, and may
    have the label behind it. It may begin with folders of another machine, or lack folders.

    Args:
        lines: Not empty.
        by_stem: Images by their path without suffix, relative to ``folder``.
        stems_of: What an image may be called that a list names so, likeliest first.
        folder: Of the images.
    """
    by_end: dict[str, str | None] = {}
    for stem, path in by_stem.items():
        for end in _ends(stem.split('/')):
            by_end[end] = None if by_end.get(end, path) != path else path  # None: several

    def find(stem: str) -> str | None:
        parts = [part for part in stem.split('/') if part not in ('.', '..')]
        for start, end in enumerate(_ends(parts)):
            if end in by_stem:
                return None if _is_elsewhere(parts[:start], folder) else by_stem[end]
        return by_end.get('/'.join(parts).strip('/'))

    return [
        next(
            (image for word in paths_in(line) for stem in stems_of(word) if (image := find(stem))),
            None,
        )
        for line in lines
    ]


def paths_in(line: str) -> Iterator[str]:
    """What the path of the image in a line may be, with slashes.

    That is the whole line, as names may have spaces, or what stands before a label: up to a
    suffix that is followed by a space, comma or semicolon.
    """
    line = line.replace('\\', '/')
    cuts = [found.end() for found in re.finditer(r'\.[A-Za-z]+\d*(?=\s*[\s,;])', line)]
    if not cuts or '/' not in line[cuts[0] :]:
        yield line
    yield from (line[:cut] for cut in cuts)


def _ends(parts: list[str]) -> list[str]:
    """Ends of a path, the longest first."""
    return ['/'.join(parts[start:]) for start in range(len(parts))]


def _is_elsewhere(before: list[str], folder: str) -> bool:
    """Whether a path lies in another folder that exists, such as ``test`` beside ``train``.

    Args:
        before: What the path has before the part that exists in ``folder``.
        folder: Of the images.
    """
    whole, here = '/'.join(before), os.path.abspath(folder)
    if whole.startswith('/') and os.path.isdir(whole):
        return not os.path.samefile(whole, here)
    for name in filter(None, reversed(before)):
        here, own = os.path.split(here)
        if name != own:
            return os.path.isdir(os.path.join(here, name))
    return False


def some(names: Iterable[str], count: int = 3) -> str:
    """The first of some names, for messages."""
    names = list(names)
    return ', '.join(names[:count]) + (', ...' if len(names) > count else '')
