"""The existing images and labels, and which of them belong together."""

import bisect
import os
from collections import Counter

from mmseg.datasets import BaseSegDataset

from mmseg_maxsquare.data_files import list_files
from mmseg_maxsquare.datasets import NTHUDataset
from mmseg_maxsquare.datasets.photographs import IMAGE_SUFFIXES
from mmseg_maxsquare.runs.domains import Domain, nearest
from mmseg_maxsquare.runs.errors import some

from .lists import continues, endings_of, read_items, reads, stem_of

# Suffixes of files that are probably images.
LIKELY = (*IMAGE_SUFFIXES, '.webp', '.gif', '.jfif', '.heic', '.ppm', '.tga')
COMPLETE = 'complete the copy, or list the images to use in an ann_file'


def pair_up(domain: Domain) -> list[dict]:
    """Items of a domain whose image exists; every mismatch becomes a finding.

    Items whose label is missing have no ``seg_map_path``.
    """
    if not _folder_exists(domain, 'img_path'):
        return []
    items = read_items(domain)
    _check_unread(domain, items)
    if not items or 'img' in items[0]:
        return items  # held in memory: there are no files
    _check_twice(domain, items)
    items = _with_image(domain, items)
    if not domain.reads_labels or not _folder_exists(domain, 'seg_map_path'):
        return [_without_label(item) for item in items]
    _check_orphans(domain)
    return _with_label(domain, items)


def _folder_exists(domain: Domain, key: str) -> bool:
    folder, what = domain.prefix(key), f'{"image" if key == "img_path" else "label"} folder'
    if folder is None and key == 'seg_map_path':
        domain.add(
            'error',
            'no label folder',
            f'{domain.field}.data_prefix',
            'the pipeline reads labels, but there is no seg_map_path',
            'add data_prefix.seg_map_path, or take LoadAnnotations out of the pipeline',
        )
        return False
    if folder is None and isinstance(domain.dataset, BaseSegDataset):
        found = sorted(domain.dataset.data_prefix)
        domain.add(
            'error',
            'no image folder',
            f'{domain.field}.data_prefix.img_path',
            f'missing; data_prefix holds only {found}, which replace all defaults',
            'give img_path together with these',
        )
        return False
    # Other data sets find their images without it.
    if not folder or os.path.isdir(folder):
        return True
    fixed = isinstance(domain.dataset, NTHUDataset)  # by city and split
    there = 'unpack or move the files there, or set this field'
    remedy = 'unpack, move or rename the files' if fixed else there
    layout = getattr(domain.dataset, 'LAYOUT', '')
    expected = f' (expected below data_root: {layout})' if layout else ''
    domain.add(
        'error',
        f'{what} missing',
        f'{domain.field}.data_prefix.{key}',
        f'no folder {folder}{nearest(folder)}{_elsewhere(domain, key, folder)}',
        f'{remedy}{expected}',
    )
    return False


def _elsewhere(domain: Domain, key: str, folder: str) -> str:
    """A folder with the same relative path (ignoring case) nearby, just below the data root."""
    root = domain.cfg.get('data_root')
    label = (getattr(domain.dataset, 'seg_map_suffix', ''),)
    endings = label if key == 'seg_map_path' else endings_of(domain)
    # Compare the whole data_prefix, or Rome would be found in another city's folder.
    wanted = os.path.relpath(folder, root or os.path.dirname(folder)).lower()
    for parent, names, _ in os.walk(root or os.path.dirname(folder)):
        for name in names:
            path = os.path.join(parent, name)
            same = os.sep + path.lower()
            if same.endswith(os.sep + wanted) and list_files(path, endings):
                return f'; is it {path}?'
        depth = os.path.relpath(parent, root or '.').count(os.sep)
        # Image folders have no subfolders, and a data set has few levels.
        names[:] = names[:20] if depth < 2 else []
    return ''


def _check_unread(domain: Domain, items: list[dict]) -> None:
    """Images whose suffix the data set does not read, and a folder with only such files."""
    folder, endings = domain.prefix('img_path'), endings_of(domain)
    if not folder:
        return
    files = list_files(folder, '')
    label = getattr(domain.dataset, 'seg_map_suffix', '')
    unread = [
        name
        for name in files
        if name.lower().endswith(LIKELY) and not reads(domain, name) and not name.endswith(label)
    ]
    for name in unread if items else ():
        domain.add(
            'warning',
            'images that are not read because of their suffix',
            os.path.join(folder, name),
            f'does not end in {" or ".join(endings)}',
            'rename or convert them if they belong to the data set',
        )
    if not any(reads(domain, name) for name in files):
        others = Counter(os.path.splitext(name)[1] or 'no ending' for name in files)
        found = some(f'{n} with {ending}' for ending, n in others.most_common()) or 'no files'
        domain.add(
            'error',
            'no images',
            folder,
            f'no image ends in {" or ".join(endings)}; found: {found}',
            f'unpack the images there, or correct {domain.field}',
        )


def _check_twice(domain: Domain, items: list[dict]) -> None:
    for path, times in Counter(item['img_path'] for item in items).items():
        if times > 1:
            domain.add(
                'warning',
                'images listed more than once',
                path,
                f'{times} times in {domain.built.ann_file or "the data set"}',
                'remove the repetitions from the list, unless the image should count more',
            )


def _with_image(domain: Domain, items: list[dict]) -> list[dict]:
    """Items whose image exists."""
    kept = []
    near = Near(domain.prefix('img_path'))
    for item in items:
        path = item['img_path']
        if os.path.isfile(path):
            kept.append(item)
            continue
        what = _gone(path) or 'does not exist' + near.hint(path)
        domain.add('error', 'images missing', path, what, COMPLETE)
    return kept


def _with_label(domain: Domain, items: list[dict]) -> list[dict]:
    """The items; the label path is removed from those without a label file."""
    missing = [item for item in items if not os.path.isfile(item.get('seg_map_path', ''))]
    folder = domain.prefix('seg_map_path')
    near = Near(folder)
    if missing and len(missing) == len(items) > 1:
        example = missing[0].get('seg_map_path', 'one')
        domain.add(
            'error',
            'no labels',
            folder,
            f'none of the {len(items)} label files exists, such as {example}'
            + (
                f', which {_gone(example)}'
                if _gone(example)
                else near.hint(example, missing[0]['img_path'])
            ),
            'unpack the labels there; the names must differ from those of the images only in the '
            'ending',
        )
        missing = []
    for item in missing:
        path = item['seg_map_path']
        hint = near.hint(path, item['img_path'])
        what = _gone(path) or f'does not exist (label of {item["img_path"]}){hint}'
        domain.add('error', 'images without label', path, what, COMPLETE)
    return [
        item if os.path.isfile(item.get('seg_map_path', '')) else _without_label(item)
        for item in items
    ]


def _gone(path: str) -> str:
    """Description of a broken link; empty for other paths."""
    return f'is a link to {os.readlink(path)}, which does not exist' if os.path.islink(path) else ''


def _check_orphans(domain: Domain) -> None:
    """Labels whose image is missing: a partial copy, unless a list selects the images."""
    images, labels = domain.prefix('img_path'), domain.prefix('seg_map_path')
    endings = endings_of(domain), (domain.built.seg_map_suffix,)
    if not images or not labels or os.path.realpath(images) == os.path.realpath(labels):
        return
    stems = [
        {stem_of(name, ending): name for name in list_files(folder, ending)}
        for folder, ending in zip((images, labels), endings, strict=True)
    ]
    near = Near(images)
    for stem in sorted(set(stems[1]) - set(stems[0])):
        if continues(stem, stems[0]):  # another kind of label of an image that is there
            continue
        domain.add(
            'warning',
            'labels without image (a partial copy of the images?)',
            os.path.join(labels, stems[1][stem]),
            f'there is no image {stem}' + near.hint(os.path.join(images, stem)),
            'complete the images, or list those to use in an ann_file',
        )


class Near:
    """Finds files with nearly the same name as a missing one.

    Args:
        folder: Folder to search; None for no search.
    """

    def __init__(self, folder: str | None) -> None:
        self.folder = folder
        self._names: list[tuple[str, str]] | None = None

    def hint(self, *paths: str) -> str:
        """``'; there is NAME'``, or nothing.

        Args:
            *paths: Missing file and, for a label, its image; names are compared up
                to the suffix, ignoring case, and may be longer.
        """
        if not self.folder:
            return ''
        if self._names is None:  # only needed if something is missing
            names = list_files(self.folder, '')
            self._names = sorted((os.path.basename(name).lower(), name) for name in names)
        for path in paths:
            stem = os.path.splitext(os.path.basename(path))[0].lower()
            for start in dict.fromkeys((stem, stem.removesuffix('_leftimg8bit'))):
                i = bisect.bisect_left(self._names, (start, ''))
                if i < len(self._names) and self._names[i][0].startswith(start):
                    return f'; there is {os.path.join(self.folder, self._names[i][1])}'
        return ''


def _without_label(item: dict) -> dict:
    return {key: value for key, value in item.items() if key != 'seg_map_path'}
