"""The NTHU cross-city data set: four cities with unlabelled training and labelled test images."""

import os
from typing import Any

from mmseg.registry import DATASETS

from .cityscapes import (
    CITYSCAPES_IDS,
    CLASS_SETS,
    KNOWN_IDS,
    CityscapesClassesDataset,
    class_names,
    metainfo_of,
)

CITIES = ('Rio', 'Rome', 'Taipei', 'Tokyo')


@DATASETS.register_module()
class NTHUDataset(CityscapesClassesDataset):
    """One city and split of NTHU, 13 of Cityscapes' classes.

    ``CITY/Images/SPLIT/*.jpg`` (or .png) and ``CITY/Labels/SPLIT/*_eval.png``,
    label ids as GTA5 has them; only ``Test`` has labels. The images are those of
    ``ann_file``, else of ``CITY/List/split.txt`` if there is such a file, else all.

    Args:
        city: ``'Rio'``, ``'Rome'``, ``'Taipei'`` or ``'Tokyo'``.
        split: ``'Train'`` or ``'Test'``.
        num_classes: 13, or 19 to score a model of Cityscapes' 19 classes; its
            predictions outside the 13 count as wrong. Defaults to None, 13.
        **kwargs: As for :class:`CityscapesClassesDataset`.

    Raises:
        ValueError: If there is no such city or split.
    """

    METAINFO = metainfo_of(13)
    LABEL_IDS = {
        i: name if name in CLASS_SETS[13] else None
        for i, name in class_names(CITYSCAPES_IDS, KNOWN_IDS).items()
    }

    def __init__(
        self, city: str, split: str, num_classes: int | None = None, **kwargs: Any
    ) -> None:
        if city not in CITIES:
            raise ValueError(f'city must be one of {CITIES}, got {city!r}')
        if split not in ('Train', 'Test'):
            raise ValueError(f"split must be 'Train' or 'Test', got {split!r}")
        self.LAYOUT = f'{city}/Images/{split}/*.jpg (or .png), {city}/Labels/Test/*_eval.png'
        own_list = f'{city}/List/{split.lower()}.txt'
        if os.path.isfile(os.path.join(kwargs.get('data_root') or '', own_list)):
            kwargs['ann_file'] = kwargs.get('ann_file') or own_list
        super().__init__(
            num_classes=num_classes,
            data_prefix=dict(
                img_path=f'{city}/Images/{split}', seg_map_path=f'{city}/Labels/{split}'
            ),
            img_suffix=('.jpg', '.png', '.jpeg', '.JPG', '.PNG', '.JPEG'),
            seg_map_suffix='_eval.png',
            **kwargs,
        )
