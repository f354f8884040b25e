"""Cityscapes' classes, and Cityscapes read from its original label files."""

import os
from collections.abc import Iterable
from typing import Any, ClassVar

from mmseg.datasets import CityscapesDataset
from mmseg.registry import DATASETS

from mmseg_maxsquare.data_files import list_files

from .label_ids import LabelIdDataset, label_map
from .loading import IGNORE

CLASSES = CityscapesDataset.METAINFO['classes']
PALETTE = CityscapesDataset.METAINFO['palette']
# Label ids (also GTA5's and NTHU's) and their train ids, the indices in CLASSES.
CITYSCAPES_IDS = {
    7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9,
    23: 10, 24: 11, 25: 12, 26: 13, 27: 14, 28: 15, 31: 16, 32: 17, 33: 18,
}  # fmt: skip
SPLITS = ('train', 'val', 'test')
# All ids that such a file may hold.
KNOWN_IDS = (*range(35), 255)
# 16 classes are shared with SYNTHIA; 13 with NTHU (also the 13 reported for SYNTHIA).
CLASS_SETS = {
    19: CLASSES,
    16: tuple(name for name in CLASSES if name not in ('terrain', 'truck', 'train')),
    13: tuple(
        name
        for name in CLASSES
        if name not in ('wall', 'fence', 'pole', 'terrain', 'truck', 'train')
    ),
}


def metainfo_of(num_classes: int) -> dict:
    """Classes and palette of one of the CLASS_SETS.

    Raises:
        ValueError: If there is no such set.
    """
    if num_classes not in CLASS_SETS:
        raise ValueError(f'num_classes must be one of {list(CLASS_SETS)}, got {num_classes}')
    names = CLASS_SETS[num_classes]
    return dict(classes=names, palette=[PALETTE[CLASSES.index(name)] for name in names])


def class_names(train_ids: dict[int, int], known: Iterable[int]) -> dict[int, str | None]:
    """Class of every known id; None for ids that have no train id."""
    return {i: CLASSES[train_ids[i]] if i in train_ids else None for i in known}


class CityscapesClassesDataset(LabelIdDataset):
    """Base class of data sets with Cityscapes' classes, or some of them.

    Args:
        num_classes: 19, 16 or 13 (see CLASS_SETS). More classes than the data
            set has are allowed: the others never occur. Defaults to None, its own.
        **kwargs: As for :class:`LabelIdDataset`.

    Raises:
        ValueError: If there is no such set of classes.
    """

    COLOURS: ClassVar = dict(zip(CLASSES, PALETTE, strict=True))

    def __init__(self, num_classes: int | None = None, **kwargs: Any) -> None:
        if num_classes is not None:
            if kwargs.get('metainfo'):
                raise ValueError('give either num_classes or metainfo, not both')
            kwargs['metainfo'] = metainfo_of(num_classes)
        super().__init__(**kwargs)


@DATASETS.register_module()
class CityscapesLabelIdDataset(CityscapesClassesDataset):
    """Cityscapes with 19, 16 or 13 classes.

    ``leftImg8bit/SPLIT/CITY/*_leftImg8bit.png`` with the original
    ``gtFine/SPLIT/CITY/*_gtFine_labelIds.png``; if there are none, with the
    ``*_gtFine_labelTrainIds.png`` that mmseg's data set reads.

    Args:
        data_prefix: Defaults to the training split.
        **kwargs: As for :class:`CityscapesClassesDataset`.
    """

    METAINFO = CityscapesDataset.METAINFO
    LABEL_IDS = class_names(CITYSCAPES_IDS, KNOWN_IDS)
    TRAIN_IDS = class_names({i: i for i in range(19)}, (*range(19), IGNORE))
    LAYOUT = (
        'leftImg8bit/SPLIT/CITY/*_leftImg8bit.png and gtFine/SPLIT/CITY/*_gtFine_labelIds.png '
        '(or *_labelTrainIds.png)'
    )

    def __init__(
        self,
        data_prefix: dict = dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
        **kwargs: Any,
    ) -> None:
        super().__init__(
            data_prefix=data_prefix,
            img_suffix='_leftImg8bit.png',
            seg_map_suffix='_gtFine_labelIds.png',
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Image and label paths."""
        labels = self.data_prefix.get('seg_map_path')
        if self.reads_labels and labels and not list_files(labels, self.seg_map_suffix):
            suffix = '_gtFine_labelTrainIds.png'
            if list_files(labels, suffix):
                self.seg_map_suffix = suffix
                self.label_map = label_map(self.TRAIN_IDS, self.metainfo['classes'])
                self._metainfo['label_map'] = self.label_map
        return super().load_data_list()

    def listed_stems(self, word: str) -> list[str]:
        """Also without the split before the city, as in the released list of MaxSquareLoss."""
        stem = self._stem(word)
        split, _, name = stem.partition('_')
        own = os.path.basename(os.path.normpath(self.data_prefix['img_path']))
        if split not in SPLITS or (own in SPLITS and own != split):
            return [stem]
        path = f'{name.partition("_")[0]}/{name}'
        return [stem, path, name] if own == split else [stem, f'{split}/{path}']
