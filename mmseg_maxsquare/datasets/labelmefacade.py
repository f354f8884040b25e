"""LabelMeFacade with one id per pixel: 6 classes that CamVid has, too."""

from typing import Any

from mmseg.registry import DATASETS

from .label_ids import LabelIdDataset


@DATASETS.register_module()
class LabelMeFacadeDataset(LabelIdDataset):
    """LabelMeFacade (Fröhlich et al., ICPR 2010), prepared as single-channel label files.

    Args:
        data_prefix: Defaults to ``dict(img_path='images', seg_map_path='labels')``, which
            holds both splits; for one of them give ``images/test`` and ``labels/test``.
        img_suffix: Defaults to ``'.jpg'``.
        **kwargs: As for :class:`LabelIdDataset`.
    """

    METAINFO: dict[str, Any] = dict(
        classes=('sky', 'building', 'road', 'pavement', 'tree', 'car'),
        palette=[
            [128, 128, 128], [128, 0, 0], [128, 64, 128], [60, 40, 222], [128, 128, 0],
            [64, 0, 128],
        ],
    )  # fmt: skip
    LABEL_IDS = {**dict(enumerate(METAINFO['classes'])), 255: None}
    LAYOUT = 'images/{train,test}/*.jpg and labels/{train,test}/*.png'

    def __init__(
        self,
        data_prefix: dict = dict(img_path='images', seg_map_path='labels'),
        img_suffix: str = '.jpg',
        **kwargs: Any,
    ) -> None:
        super().__init__(data_prefix=data_prefix, img_suffix=img_suffix, **kwargs)
