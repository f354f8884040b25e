"""Files of data sets: lists of names, folders, and the error that names a bad one."""

import os


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
    """Paths below a folder, relative to it and sorted, without hidden files and folders.

    Links are followed, but none to a folder that holds the link: it would lead in a circle.
    """
    found = []
    for parent, folders, names in os.walk(folder, followlinks=True):
        here = os.path.realpath(parent) + os.sep
        folders[:] = [
            name
            for name in folders
            if not name.startswith('.')
            and not here.startswith(os.path.join(os.path.realpath(os.path.join(parent, name)), ''))
        ]
        names = [name for name in names if name.endswith(suffix) and not name.startswith('.')]
        found += [os.path.relpath(os.path.join(parent, name), folder) for name in names]
    return sorted(found)
