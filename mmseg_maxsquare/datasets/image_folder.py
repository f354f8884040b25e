"""Unlabelled target images: all images below a folder."""

import os
from collections.abc import Sequence
from typing import Any

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from mmseg_maxsquare.data_files import BadFileError, read_list

from .loading import read_label_ids, strict

IMAGE_SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff')


@DATASETS.register_module()
class ImageFolderDataset(BaseSegDataset):
    """Every image below ``data_root``, without labels or class list.

    Args:
        data_root: Folder, searched recursively for files that end in .png, .jpg,
            .jpeg, .bmp, .tif or .tiff (in lower or upper case). Not needed with a list of
            absolute paths.
        ann_file: List of the images to use, one path per line, relative to ``data_root``.
            Defaults to '', all.
        **kwargs: As for mmseg's :class:`BaseSegDataset`.

    Raises:
        FileNotFoundError: If the folder is missing or has no image, or a listed image is
            missing.
        BadFileError: If the list is empty or not text.
    """

    def __init__(
        self,
        data_root: str | None = None,
        ann_file: str = '',
        pipeline: Sequence = (),
        **kwargs: Any,
    ) -> None:
        pipeline = strict(pipeline, read_label_ids)
        prefix = dict(img_path='')
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=prefix,
            pipeline=pipeline,
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Image paths, sorted, or in the order of the list."""
        paths = self._listed() if self.ann_file else self._below_root()
        return [dict(img_path=path, seg_fields=[]) for path in paths]

    def _listed(self) -> list[str]:
        if not os.path.isfile(self.ann_file):
            raise FileNotFoundError(
                f'ImageFolderDataset: no list of images {self.ann_file}; correct ann_file'
            )
        try:
            names = [line for line in read_list(self.ann_file) if line]
        except ValueError as error:
            raise BadFileError(
                f'ImageFolderDataset: {self.ann_file} {error}; write one path per line'
            ) from None
        paths = [os.path.join(self.data_root or '', name) for name in names]
        missing = [path for path in paths if not os.path.isfile(path)]
        if missing:
            raise FileNotFoundError(
                f'ImageFolderDataset: {self.ann_file} lists {len(missing)} missing images, such '
                f'as {missing[0]}; correct the list, or data_root'
            )
        return paths

    def _below_root(self) -> list[str]:
        paths = sorted(
            os.path.join(folder, name)
            for folder, _, names in os.walk(self.data_root, followlinks=True)
            for name in names
            if name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith('.')
        )
        if not paths:
            known = '/'.join(IMAGE_SUFFIXES)
            found = f'no {known} in it' if os.path.isdir(self.data_root) else 'no such folder'
            raise FileNotFoundError(
                f'ImageFolderDataset: no images in {self.data_root}: {found}; put them there, or '
                'correct data_root'
            )
        return paths
