"""Files of data sets: lists of names, folders, and the error that names a bad one."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePath

HIDDEN = ('.', '~$')  # the latter are lock files of office programs
# Folders of copies, thumbnails and lost files that systems and programs make, in lower case.
STRAY_FOLDERS = (
    '__macosx', '@eadir', '@recycle', '#recycle', '#snapshot', '@recently-snapshot', '@tmp',
    '$recycle.bin', 'recycler', 'trash', 'network trash folder', 'temporary items',
    'system volume information', 'lost+found', 'found.000', 'lost.dir', '_vti_cnf', '_gsdata_',
    '__pycache__', 'thumb', '_thumb', 'small_thumbs', 'thumbs', 'thumbnails',
)  # fmt: skip
# The same, where the folders above it tell what it is.
STRAY_PATHS = ('*.photoslibrary/resources/derivatives', 'android/data/*/cache')


class BadFileError(ValueError):
    """A file of a data set that cannot be used; the message names it."""


def read_list(path: str) -> list[str]:
    """Stripped lines of a list of images, including empty ones.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is not UTF-8 text, or lists no image.
    """
    try:
        with open(path, encoding='utf-8-sig') as stream:
            lines = [line.strip() for line in stream]
    except UnicodeDecodeError:
        lines = ['\0']
    if any('\0' in line for line in lines):  # UTF-16 may decode as UTF-8
        raise ValueError('is not UTF-8 text')
    if not any(lines):
        raise ValueError('lists no image')
    return lines


def list_files(folder: str, suffix: str | tuple[str, ...]) -> list[str]:
    """Paths below a folder, relative to it and sorted; see :func:`files_below`."""
    paths = (path for path in files_below(folder) if path.endswith(suffix))
    return sorted(os.path.relpath(path, folder) for path in paths)


def files_below(folder: str, once: bool = False, way: tuple[str, ...] = ()) -> Iterator[str]:
    """Paths of the files below a folder, without hidden ones and system folders.

    Links are followed, but none that leads in a circle: to a folder that holds one of those
    through which it was reached.

    Args:
        folder: The folder.
        once: Also leave out links into these folders, where their content has a path of its own.
        way: Real paths of the folders through which it was reached.
    """
    way = (*way, os.path.realpath(folder))
    entries: list[os.DirEntry] = []
    with suppress(OSError), os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.startswith(HIDDEN) or (entry.is_symlink() and _leads_back(entry, way, once)):
            continue
        if not os.path.isdir(entry.path):
            yield entry.path
        elif not _is_stray(entry.path):
            yield from files_below(entry.path, once, way)


def _leads_back(link: os.DirEntry, way: tuple[str, ...], once: bool) -> bool:
    target = os.path.realpath(link.path)
    holds = any(_inside(passed, target) for passed in way)
    return holds or (once and any(_inside(target, passed) for passed in way))


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_stray(folder: str) -> bool:
    path = PurePath(folder.lower())
    return path.name in STRAY_FOLDERS or any(map(path.match, STRAY_PATHS))
