"""Unlabelled target images: all images below a folder."""

import os
from collections.abc import Sequence
from typing import Any

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from .loading import read_label_ids, strict

IMAGE_SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff')


@DATASETS.register_module()
class ImageFolderDataset(BaseSegDataset):
    """Every image below ``data_root``, without labels or class list.

    Args:
        data_root: Folder, searched recursively for files that end in .png, .jpg,
            .jpeg, .bmp, .tif or .tiff (in lower or upper case).
        **kwargs: As for mmseg's :class:`BaseSegDataset`.

    Raises:
        FileNotFoundError: If the folder is missing or has no image.
    """

    def __init__(self, data_root: str, pipeline: Sequence = (), **kwargs: Any) -> None:
        pipeline = strict(pipeline, read_label_ids)
        prefix = dict(img_path='')
        super().__init__(data_root=data_root, data_prefix=prefix, pipeline=pipeline, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Image paths, sorted."""
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
        return [dict(img_path=path, seg_fields=[]) for path in paths]
