"""The photographs below a folder, without what people and programs keep beside them."""

import os
from collections.abc import Iterable, Iterator

from .pixel_format import is_label_file

IMAGE_SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp')
# Other photographs: not read, but named.
OTHER_SUFFIXES = (
    '.heic', '.heif', '.avif', '.gif', '.jfif', '.jp2', '.jxl', '.dng', '.cr2', '.cr3', '.nef',
    '.arw', '.raw',
)  # fmt: skip
# Folders of copies and thumbnails that systems and programs make, in lower case.
STRAY_FOLDERS = (
    '__macosx', '@eadir', '@recycle', '#recycle', '#snapshot', '$recycle.bin',
    'system volume information', 'lost+found', '__pycache__', 'thumbs', 'thumbnails',
)  # fmt: skip
LOOKS = 3  # files of a group that are opened to see whether they are labels


def is_image(name: str, suffixes: Iterable[str] = IMAGE_SUFFIXES) -> bool:
    """Whether a file's name is that of an image which is not hidden."""
    return name.lower().endswith(tuple(suffixes)) and not name.startswith('.')


def photographs_below(
    root: str, suffixes: Iterable[str] = IMAGE_SUFFIXES
) -> tuple[list[str], list[str]]:
    """Images below a folder.

    Hidden files and folders, thumbnails and system folders are left out. A link is followed
    unless it leads back into the tree, where its content has a path of its own. Label maps are
    left out if the photographs to which they belong are there.

    Args:
        root: The folder.
        suffixes: Endings of the names, in lower case.

    Returns:
        Paths of the photographs, sorted, and of the label maps that are left out.
    """
    paths = sorted(images_below(root, tuple(suffixes)))
    labels = set(label_maps(paths))
    return [path for path in paths if path not in labels], sorted(labels)


def images_below(root: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """Paths of all files with some endings, as :func:`photographs_below` looks for them."""
    top = os.path.realpath(root)
    for folder, folders, names in os.walk(root, followlinks=True):
        folders[:] = [
            name
            for name in folders
            if not name.startswith('.')
            and name.lower() not in STRAY_FOLDERS
            and not _leads_back(os.path.join(folder, name), top)
        ]
        for name in names:
            path = os.path.join(folder, name)
            if is_image(name, suffixes) and not _leads_back(path, top):
                yield path


def _leads_back(path: str, top: str) -> bool:
    """Whether a path is a link into the tree, or to a folder that holds the tree."""
    if not os.path.islink(path):
        return False
    target = os.path.realpath(path)
    return _inside(target, top) or _inside(top, target)


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def label_maps(paths: list[str]) -> Iterator[str]:
    """Label maps and previews that lie beside the photographs to which they belong.

    Files whose name continues that of another image (``a.png`` or ``a_mask.png`` beside
    ``a.jpg``), and folders with the names of another folder, are opened: a group is left out
    if those looked at are label maps.

    Args:
        paths: Images.
    """
    for group in _groups(paths):
        step = max(1, len(group) // LOOKS)
        if all(is_label_file(path) for path in group[::step][:LOOKS]):
            yield from group


def _groups(paths: list[str]) -> Iterator[list[str]]:
    """Images that may belong to others, by what tells them from those."""
    groups: dict[tuple[str, str], list[str]] = {}
    stems: dict[str, set[str]] = {}
    for path in paths:
        stems.setdefault(os.path.dirname(path), set()).add(_stem(path))
    folders_of: dict[str, set[str]] = {}
    for folder, names in stems.items():
        for name in names:
            folders_of.setdefault(name, set()).add(folder)
    taken: dict[tuple[str, str], str] = {}
    for path in paths:
        folder, stem = os.path.split(path)[0], _stem(path)
        first = taken.setdefault((folder, stem), path)
        owner = _owner(stem, stems[folder])
        if owner is not None:
            groups.setdefault((folder, stem[len(owner) :] + _ending(path)), []).append(path)
        elif first != path:
            # Two files of one name: each kind of file is a group, and is looked at.
            for twin in (first, path):
                group = groups.setdefault((folder, _ending(twin)), [])
                if twin not in group[-1:]:
                    group.append(twin)
        elif len(folders_of[stem]) > 1:
            groups.setdefault((folder, ''), []).append(path)
    yield from groups.values()


def _owner(stem: str, stems: set[str]) -> str | None:
    """The name of another image that a name continues, such as ``a`` of ``a_mask``."""
    for end in range(len(stem) - 1, 0, -1):
        if not stem[end].isalnum() and stem[:end] in stems:
            return stem[:end]
    return None


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()
