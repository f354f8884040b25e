"""SYNTHIA-RAND-CITYSCAPES, read from its original files."""

from typing import Any

from mmseg.registry import DATASETS

from .cityscapes import CityscapesClassesDataset, class_names, metainfo_of
from .loading import read_first_channel

# SYNTHIA's ids and Cityscapes' train ids.
SYNTHIA_IDS = {
    1: 10, 2: 2, 3: 0, 4: 1, 5: 4, 6: 8, 7: 5, 8: 13, 9: 7, 10: 11,
    11: 18, 12: 17, 15: 6, 16: 9, 17: 12, 18: 14, 19: 15, 20: 16, 21: 3,
}  # fmt: skip


@DATASETS.register_module()
class SYNTHIADataset(CityscapesClassesDataset):
    """SYNTHIA with the 16 classes that it shares with Cityscapes.

    ``RGB/0000000.png`` and ``GT/LABELS/0000000.png``, 16-bit PNGs whose first
    channel is the class id; ids without a class are ignored.

    Args:
        data_prefix: Defaults to ``dict(img_path='RGB', seg_map_path='GT/LABELS')``.
        **kwargs: As for :class:`CityscapesClassesDataset`. ``ann_file``, an optional
            split, may have names such as ``0``, ``0000000`` or ``0000000.png``.
    """

    METAINFO = metainfo_of(16)
    LABEL_IDS = class_names(SYNTHIA_IDS, range(23))
    LAYOUT = 'RGB/0000000.png and GT/LABELS/0000000.png'
    read_label = staticmethod(read_first_channel)

    def __init__(
        self,
        data_prefix: dict = dict(img_path='RGB', seg_map_path='GT/LABELS'),
        **kwargs: Any,
    ) -> None:
        super().__init__(data_prefix=data_prefix, **kwargs)

    def listed_stems(self, word: str) -> list[str]:
        """Also padded to seven digits; the released list of MaxSquareLoss omits the zeros."""
        stem = self._stem(word)
        folder, slash, name = stem.rpartition('/')
        return [stem, f'{folder}{slash}{name.zfill(7)}']
