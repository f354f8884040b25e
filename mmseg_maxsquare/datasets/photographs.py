"""The photographs below a folder, without what people and programs keep beside them."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from mmseg_maxsquare.data_files import HIDDEN, files_below

from .label_look import looks_like_label_file
from .pixel_format import read_header

IMAGE_SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp')
# Other photographs: not read, but named.
OTHER_SUFFIXES = (
    '.heic', '.heif', '.avif', '.gif', '.jfif', '.jp2', '.jxl', '.dng', '.cr2', '.cr3', '.nef',
    '.arw', '.raw',
)  # fmt: skip
# Pictures of labels on photographs, which labelme writes.
OVERLAYS = ('SegmentationClassVisualization', 'SegmentationObjectVisualization')
OVERLAY = 'label_viz.png'
PREDICTIONS = 'predictions.json'  # which the command predict writes beside its outputs
PREDICTIONS_KEYS = {'images', 'checkpoint', 'classes', 'palette'}
# Ends of the names of photographs that their labels do not have, as in published data sets.
PHOTOGRAPH_ENDS = ('_leftImg8bit', '_rightImg8bit', '_rgb_anon', '_rgb', '_sat', '_image', '_img')
THUMBNAIL = re.compile(r'[-_.](thumb|thumbnail|\d+x\d+)', re.IGNORECASE)  # behind the name
LOOKS = 9  # files of a group that are opened to see whether they are labels
ENOUGH = 3  # looks that suffice if they agree


def is_image(name: str, suffixes: Iterable[str] = IMAGE_SUFFIXES) -> bool:
    """Whether a file's name is that of an image which is not hidden, nor a lock file."""
    return name.lower().endswith(tuple(suffixes)) and not name.startswith(HIDDEN)


def photographs_below(
    root: str, suffixes: Iterable[str] = IMAGE_SUFFIXES
) -> tuple[list[str], list[str]]:
    """Images below a folder.

    Hidden files and folders and system folders are left out. A link is followed unless it leads
    back into the tree, where its content has a path of its own. Label maps and thumbnails are
    left out if the photographs to which they belong are there, and so are predictions.

    Args:
        root: The folder.
        suffixes: Endings of the names, in lower case.

    Returns:
        Paths of the photographs, sorted, and of the label maps and thumbnails that are left out.
    """
    paths = sorted(images_below(root, tuple(suffixes)))
    others = {path for group in _left_out(paths) for path in group}
    return [path for path in paths if path not in others], sorted(others)


def images_below(root: str, suffixes: tuple[str, ...]) -> Iterator[str]:
    """Paths of all files with some endings, as :func:`photographs_below` looks for them."""
    found = files_below(root, once=True)
    return (path for path in found if is_image(os.path.basename(path), suffixes))


def _left_out(paths: list[str]) -> Iterator[list[str]]:
    """Groups of label maps and thumbnails.

    Files whose name is that of another image, or continues it (``a.png`` or ``a_mask.png``, also
    in another folder, beside ``a.jpg``), are opened, and so are folders of single-channel files:
    a group is left out if most of those looked at are label maps.
    """
    groups, alone = _groups(paths)
    for (_, end, _), group in groups.items():
        if THUMBNAIL.fullmatch(end) or are_labels(group):
            yield group
    for group in alone.values():
        header = read_header(group[0])
        ids = header.lossless and (header.grey or header.palette)
        if ids and len(group) < len(paths) and are_labels(group):
            yield group
    yield [path for path in paths if _is_overlay(path)]
    folders = {path: os.path.dirname(path) for path in paths}
    predicted = {folder for folder in set(folders.values()) if _holds_predictions(folder)}
    yield [path for path in paths if folders[path] in predicted]


def are_labels(group: list[str]) -> bool:
    """Whether most files of a group are label maps; those of a single colour do not count."""
    votes: Counter[bool] = Counter()
    for i in range(min(LOOKS, len(group))):
        vote = looks_like_label_file(group[i * len(group) // min(LOOKS, len(group))])
        votes.update(() if vote is None else (vote,))
        if max(votes.values(), default=0) == votes.total() == ENOUGH:
            break
    return votes[True] > votes[False]


Group = tuple[str, str, str]  # folder, what continues the name, and ending


def _groups(paths: list[str]) -> tuple[dict[Group, list[str]], dict[Group, list[str]]]:
    """Images that may belong to others, by what tells them from those; and the rest."""
    taken = Counter(name for path in paths for name in _names(_stem(path)))
    groups: dict[Group, list[str]] = {}
    alone: dict[Group, list[str]] = {}
    for path in paths:
        folder, stem, ending = os.path.dirname(path), _stem(path), _ending(path)
        owner = _owner(stem, taken)
        if owner is None:
            alone.setdefault((folder, '', ending), []).append(path)
            continue
        end = stem[len(owner) :]
        # Numbers count the frames of a video: one group, not one for each.
        end = end if THUMBNAIL.fullmatch(end) else re.sub(r'\d+', '#', end)
        groups.setdefault((folder, end, ending), []).append(path)
    return groups, alone


def _owner(stem: str, taken: Counter[str]) -> str | None:
    """The name of another image that a name is or continues, such as ``a`` of ``a_mask``."""
    own = _names(stem)
    for end in range(len(stem), 0, -1):
        start = stem[:end]
        if (end == len(stem) or not stem[end].isalnum()) and taken[start] > (start in own):
            return start
    return None


def _names(stem: str) -> set[str]:
    """What the names of an image's labels may begin with."""
    end = next((end for end in PHOTOGRAPH_ENDS if stem.endswith(end)), '')
    return {stem, stem.removesuffix(end)} - {''}


def _is_overlay(path: str) -> bool:
    folder, name = os.path.split(path)
    return name == OVERLAY or os.path.basename(folder) in OVERLAYS


def _holds_predictions(folder: str) -> bool:
    """Whether a folder, or one above it, is an output of the command ``predict``."""
    above = os.path.dirname(folder)
    try:
        with open(os.path.join(folder, PREDICTIONS), encoding='utf-8') as stream:
            record = json.load(stream)
    except (OSError, ValueError):  # there is none, or it is somebody else's
        record = None
    if isinstance(record, dict) and set(record) >= PREDICTIONS_KEYS:
        return True
    return above != folder and _holds_predictions(above)


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()
