"""Unlabelled target images: all images below a folder."""

import logging
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from .arguments import refuse_unused
from .image_lists import find_listed, paths_in, read_images
from .load_image import check_orientation
from .loading import read_label_ids, strict
from .photographs import IMAGE_SUFFIXES, photographs_below

UNUSED = ('filter_cfg', 'ignore_index', 'reduce_zero_label', 'seg_map_suffix', 'backend_args')


@DATASETS.register_module()
class ImageFolderDataset(BaseSegDataset):
    """Every photograph below ``data_root``, without labels or class list.

    Left out are hidden files and folders, what systems leave on disks, and label maps and
    thumbnails beside the photographs to which they belong (with a warning).

    Args:
        data_root: Folder, searched recursively. Not needed with a list of absolute paths.
        ann_file: List of the images to use, one per line, in the forms that
            :func:`~mmseg_maxsquare.datasets.image_lists.find_listed` knows. Defaults to '', all.
        data_prefix: ``img_path`` is the folder below ``data_root``. Defaults to
            ``dict(img_path='')``, all of it.
        img_suffix: One or several endings of the images, in lower or upper case. Defaults to
            .png, .jpg, .jpeg, .bmp, .tif, .tiff and .webp. Not with a list.
        orientation: ``'shown'`` or ``'stored'``; see :class:`LoadImage`.
        **kwargs: As for mmseg's :class:`BaseSegDataset`.

    Raises:
        FileNotFoundError: If the folder is missing or has no image, or a listed image is
            missing.
        BadFileError: If the list is empty or not text.
        ValueError: If an argument is given that the data set does not read.
    """

    def __init__(
        self,
        data_root: str | None = None,
        ann_file: str = '',
        pipeline: Sequence = (),
        data_prefix: dict | None = None,
        img_suffix: str | Sequence[str] = IMAGE_SUFFIXES,
        orientation: str = 'shown',
        **kwargs: Any,
    ) -> None:
        refuse_unused(self, kwargs, *UNUSED)
        check_orientation(orientation)
        prefix = dict(img_path='') if data_prefix is None else dict(data_prefix)
        if set(prefix) - {'seg_map_path'} != {'img_path'} or prefix.get('seg_map_path'):
            raise ValueError(
                f'ImageFolderDataset: data_prefix={data_prefix}: it has one folder and no labels; '
                "give dict(img_path='FOLDER')"
            )
        endings = (img_suffix,) if isinstance(img_suffix, str) else tuple(img_suffix)
        if ann_file and endings != IMAGE_SUFFIXES:
            raise ValueError(
                f'ImageFolderDataset: img_suffix={img_suffix!r}: the list {ann_file} says which '
                'images to use; leave one of them out'
            )
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=dict(img_path=prefix['img_path']),
            img_suffix=tuple(ending.lower() for ending in endings),
            pipeline=strict(pipeline, read_label_ids, orientation),
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Image paths, sorted, or in the order of the list."""
        paths = self._listed() if self.ann_file else self._below_root()
        return [dict(img_path=path, seg_fields=[]) for path in paths]

    def _listed(self) -> list[str]:
        folder = self.data_prefix['img_path'] or ''
        owner = type(self).__name__
        return read_images(owner, self.ann_file, folder or '.', self.find_listed)

    def find_listed(self, lines: Sequence[str]) -> list[str | None]:
        """The image that each line of a list names: a file, or else one found in the folder."""
        folder = self.data_prefix['img_path'] or ''
        found = [_file_of(line, folder) for line in lines]
        if None in found:
            paths = photographs_below(folder, self.img_suffix)[0]
            names = [Path(path).relative_to(folder).as_posix() for path in paths]
            known = _with_and_without_suffix(names)
            others = find_listed(lines, known, lambda word: [word], folder)
            others = [os.path.join(folder, name) if name else None for name in others]
            found = [one or other for one, other in zip(found, others, strict=True)]
        return found

    def _below_root(self) -> list[str]:
        folder = self.data_prefix['img_path'] or ''
        paths, others = photographs_below(folder, self.img_suffix)
        left_out = f'{len(others)} label maps and thumbnails' if others else ''
        if paths and others:
            print_log(
                f'ImageFolderDataset: {left_out} beside the photographs are left out, such as '
                f'{others[0]}',
                logger='current',
                level=logging.WARNING,
            )
        if not paths:
            known = '/'.join(self.img_suffix)
            found = f'no {known} in it' if os.path.isdir(folder) else 'no such folder'
            if others:
                found = f'{left_out} are left out, such as {others[0]}; nothing remains'
            raise FileNotFoundError(
                f'ImageFolderDataset: no images in {folder}: {found}; put them there, or '
                'correct data_root'
            )
        return paths


def _file_of(line: str, folder: str) -> str | None:
    """The file that a line of a list names, relative to a folder."""
    words = (line, *paths_in(line))  # the line itself: a name may have a backslash
    paths = (os.path.join(folder, word) for word in words)
    return next(filter(os.path.isfile, paths), None)


def _with_and_without_suffix(names: list[str]) -> dict[str, str]:
    """Images by their path, and by their path without suffix where that is only one."""
    stems = [os.path.splitext(name)[0] for name in names]
    times = Counter(stems)
    unique = {stem: name for stem, name in zip(stems, names, strict=True) if times[stem] == 1}
    return unique | {name: name for name in names}
