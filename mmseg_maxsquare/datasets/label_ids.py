"""Data sets whose label files hold ids that a table maps to train ids."""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
from mmseg.datasets import BaseSegDataset

from mmseg_maxsquare.data_files import BadFileError, list_files

from .arguments import refuse_unused
from .image_lists import find_listed, read_images, some
from .load_image import check_orientation
from .loading import IGNORE, loads_labels, read_label_ids, strict

UNUSED = ('filter_cfg', 'ignore_index', 'reduce_zero_label', 'backend_args')


class LabelIdDataset(BaseSegDataset):
    """Base class of data sets that map the ids of original label files with a table.

    The ids are mapped while loading, so that no second copy of the labels is needed.
    Pipelines name mmseg's ``LoadImageFromFile`` and ``LoadAnnotations`` as usual; they
    are replaced by :class:`LoadImage` and :class:`LoadLabelIds`, which reject invalid
    files.

    Args:
        img_suffix: One or several suffixes of image names.
        seg_map_suffix: Replaces the image's suffix in the name of its label.
        orientation: ``'shown'``: images are turned as EXIF says, and labels are drawn on that
            view; ``'stored'``: labels are drawn on the image as it is in the file. Defaults to
            'shown'.
        **kwargs: As for mmseg's :class:`BaseSegDataset`. ``ann_file`` lists the
            images to use, one name per line, with or without suffix (default '': all);
            ``metainfo=dict(classes=...)`` selects some of the known classes.

    Attributes:
        LABEL_IDS: Class of every id that a label file may hold; None for ids
            that are ignored.
        COLOURS: RGB of the classes that a class list may name, if METAINFO has
            only some of them.
        LAYOUT: The folder tree, for error messages.
        refuses_twins: Whether two images whose names differ only in the suffix
            are an error; they would share a label.

    Raises:
        FileNotFoundError: If folders, listed images or labels that the pipeline
            reads are missing.
        BadFileError: If the list is empty or not text, or images share a label.
        ValueError: If a class is unknown, ``data_prefix`` has no ``img_path``, or an argument
            is given that the data set does not read.
    """

    LABEL_IDS: ClassVar[dict[int, str | None]] = {}
    COLOURS: ClassVar[dict[str, Sequence[int]]] = {}
    LAYOUT: str = ''
    seg_map_suffix: str
    refuses_twins = True
    read_label: Callable[[bytes], np.ndarray] = staticmethod(read_label_ids)

    def __init__(
        self,
        pipeline: Sequence = (),
        img_suffix: str | Sequence[str] = '.png',
        seg_map_suffix: str = '.png',
        orientation: str = 'shown',
        **kwargs: Any,
    ) -> None:
        refuse_unused(self, kwargs, *UNUSED)
        check_orientation(orientation)
        self.reads_labels = loads_labels(pipeline)
        super().__init__(
            pipeline=strict(pipeline, self.read_label, orientation),
            # endswith() takes a string or a tuple, but configs contain lists
            img_suffix=img_suffix if isinstance(img_suffix, str) else tuple(img_suffix),
            seg_map_suffix=seg_map_suffix,
            **kwargs,
        )

    @classmethod
    def get_label_map(cls, new_classes: Sequence[str] | None = None) -> dict[int, int]:
        """Id in the file to train id: the index in ``new_classes`` (METAINFO's by default)."""
        classes = cls.METAINFO['classes'] if new_classes is None else new_classes
        unknown = sorted(set(classes) - set(cls._colours()))
        if unknown:
            raise ValueError(
                f'{cls.__name__} has no classes {unknown}; available: {list(cls._colours())}'
            )
        return label_map(cls.LABEL_IDS, classes)

    @property
    def metainfo(self) -> dict:
        """Classes and palette; ``label_map`` is None, as of data sets without a table of ids,
        since data sets that are used together (``ConcatDataset``) may differ in it."""
        return {**super().metainfo, 'label_map': None}

    @classmethod
    def _colours(cls) -> dict[str, Sequence[int]]:
        own = dict(zip(cls.METAINFO['classes'], cls.METAINFO['palette'], strict=True))
        return cls.COLOURS or own

    def _update_palette(self) -> list:
        # mmseg would index the palette by label_map's keys, which are file ids here.
        classes, palette = self._metainfo['classes'], self._metainfo['palette']
        if len(palette) == len(classes) and palette != self.METAINFO['palette']:
            return palette  # given with the classes
        return [self._colours()[name] for name in classes]

    def load_data_list(self) -> list[dict]:
        """Image and label paths."""
        images, labels = self.data_prefix.get('img_path'), self.data_prefix.get('seg_map_path')
        if images is None:
            raise ValueError(
                f'{type(self).__name__}: data_prefix.img_path is missing, data_prefix holds only '
                f'{sorted(self.data_prefix)}; give it together with these; {self._expected()}'
            )
        if not os.path.isdir(images):
            raise FileNotFoundError(
                f'{type(self).__name__}: image folder {images} not found; {self._expected()}'
            )
        names = self.list_names()
        if not names:
            raise FileNotFoundError(
                f'{type(self).__name__}: no {self.img_suffix} images in {images}; '
                f'{self._expected()}'
            )
        common = dict(label_map=self.label_map, reduce_zero_label=False)
        data_list = []
        for name in names:
            item = dict(img_path=os.path.join(images, name), **common, seg_fields=[])
            if labels is not None:
                label = self._stem(name) + self.seg_map_suffix
                item['seg_map_path'] = os.path.join(labels, label)
            data_list.append(item)
        if self.reads_labels:
            self._require_labels(data_list)
        return data_list

    def list_names(self) -> list[str]:
        """Names of the images below the image folder, with their suffixes.

        Raises:
            FileNotFoundError: If the list, or an image that it names, is missing.
            BadFileError: If the list is empty or not text, or images share a label.
        """
        present = list_files(self.data_prefix['img_path'], self.img_suffix)
        twins = self.twins(present) if self.refuses_twins else []
        if twins:
            raise BadFileError(
                f'{type(self).__name__}: {len(twins)} images in {self.data_prefix["img_path"]} '
                'differ from another only in the suffix and would share its label: '
                f'{some(map(" and ".join, twins))}; remove one of them'
            )
        if not self.ann_file:
            return present
        folder = self.data_prefix['img_path']
        return read_images(
            type(self).__name__,
            self.ann_file,
            folder,
            lambda lines: self.find_listed(lines, present),
        )

    def find_listed(self, lines: Sequence[str], present: Sequence[str]) -> list[str | None]:
        """The image that each line of a list names; see :func:`find_listed`.

        Args:
            lines: Not empty.
            present: Names below the image folder.
        """
        by_stem = {self._stem(name): name for name in present}
        return find_listed(lines, by_stem, self.listed_stems, self.data_prefix['img_path'])

    def twins(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """Pairs of names that differ only in the suffix."""
        first: dict[str, str] = {}
        pairs = [(first.setdefault(self._stem(name), name), name) for name in names]
        return [(one, other) for one, other in pairs if one != other]

    def listed_stems(self, word: str) -> list[str]:
        """What an image may be called that a list names so, without suffix, likeliest first.

        Args:
            word: A path with slashes.
        """
        return [self._stem(word)]

    def _stem(self, name: str) -> str:
        suffixes = (self.img_suffix,) if isinstance(self.img_suffix, str) else self.img_suffix
        return next((name.removesuffix(s) for s in suffixes if name.endswith(s)), name)

    def _require_labels(self, data_list: list[dict]) -> None:
        folder = self.data_prefix.get('seg_map_path')
        if folder is None:
            raise FileNotFoundError(
                f'{type(self).__name__}: the pipeline reads labels, but data_prefix has no '
                'seg_map_path'
            )
        present = {os.path.join(folder, name) for name in list_files(folder, self.seg_map_suffix)}
        labels = [item['seg_map_path'] for item in data_list]
        missing = [label for label in labels if label not in present]
        if missing:
            raise FileNotFoundError(
                f'{type(self).__name__}: {len(missing)} of {len(labels)} images have no label '
                f'file: {some(missing)}; complete the copy, or list the images to use in an '
                f'ann_file; {self._expected()}'
            )

    def _expected(self) -> str:
        return f'expected {self.LAYOUT} below data_root ({self.data_root})'


def label_map(names: dict[int, str | None], classes: Sequence[str]) -> dict[int, int]:
    """Index in ``classes`` of every id; 255 for ids without a class in ``classes``."""
    index: dict[str | None, int] = {name: i for i, name in enumerate(classes)}
    return {i: index.get(name, IGNORE) for i, name in names.items()}
