"""GTA5 ("Playing for Data"), read from its original files."""

from mmseg.datasets import CityscapesDataset
from mmseg.registry import DATASETS

from .label_ids import CITYSCAPES_IDS, LabelIdDataset


@DATASETS.register_module()
class GTA5Dataset(LabelIdDataset):
    """GTA5 with Cityscapes' 19 classes.

    ``images/00001.png`` and ``labels/00001.png``, palette PNGs of Cityscapes
    label ids 0..34; ids without a train id are ignored.

    Args:
        ann_file: Optional split: a text file with one name (``00001``) a line.
            Defaults to '', all images.
        data_prefix: Defaults to ``dict(img_path='images', seg_map_path='labels')``.
        **kwargs: As for mmseg's :class:`BaseSegDataset`.
    """

    METAINFO = CityscapesDataset.METAINFO
    LABEL_IDS = {i: CITYSCAPES_IDS.get(i, 255) for i in (*range(35), 255)}
    LAYOUT = 'images/00001.png and labels/00001.png'

    def __init__(
        self,
        data_prefix: dict = dict(img_path='images', seg_map_path='labels'),
        img_suffix: str = '.png',
        seg_map_suffix: str = '.png',
        **kwargs,
    ) -> None:
        super().__init__(
            data_prefix=data_prefix,
            img_suffix=img_suffix,
            seg_map_suffix=seg_map_suffix,
            **kwargs,
        )
