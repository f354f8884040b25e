"""GTA5 ("Playing for Data"), read from its original files."""

from typing import Any

from mmseg.datasets import CityscapesDataset
from mmseg.registry import DATASETS

from .cityscapes import CITYSCAPES_IDS, KNOWN_IDS, CityscapesClassesDataset, class_names


@DATASETS.register_module()
class GTA5Dataset(CityscapesClassesDataset):
    """GTA5 with Cityscapes' 19 classes.

    ``images/00001.png`` and ``labels/00001.png``, palette PNGs of Cityscapes
    label ids 0..34; ids without a train id are ignored.

    Args:
        data_prefix: Defaults to ``dict(img_path='images', seg_map_path='labels')``.
        **kwargs: As for :class:`CityscapesClassesDataset`. ``ann_file``, an optional
            split, is a text file with one name per line: ``1``, ``00001`` or ``00001.png``.
    """

    METAINFO = CityscapesDataset.METAINFO
    LABEL_IDS = class_names(CITYSCAPES_IDS, KNOWN_IDS)
    LAYOUT = 'images/00001.png and labels/00001.png'

    def __init__(
        self,
        data_prefix: dict = dict(img_path='images', seg_map_path='labels'),
        **kwargs: Any,
    ) -> None:
        super().__init__(data_prefix=data_prefix, **kwargs)

    def listed_stems(self, word: str) -> list[str]:
        """Also padded to five digits; the lists of some codes omit the zeros."""
        stem = self._stem(word)
        folder, slash, name = stem.rpartition('/')
        return [stem, f'{folder}{slash}{name.zfill(5)}']
