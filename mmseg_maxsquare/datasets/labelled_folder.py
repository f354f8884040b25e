"""Images with label files of one class index per pixel, for data of your own."""

from collections.abc import Sequence
from typing import Any

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from .label_ids import LabelIdDataset
from .loading import IGNORE


@DATASETS.register_module()
class LabelledFolderDataset(LabelIdDataset):
    """A folder of images, and one of 8-bit label PNGs that hold one class index per pixel.

    255 is ignored. Files that do not fit, such as a label of another size than its image, are
    refused with their names, which mmseg's ``BaseSegDataset`` does not do.

    Args:
        metainfo: ``dict(classes=(...), palette=[...])``; the palette may be left out.
        data_prefix: Defaults to ``dict(img_path='images', seg_map_path='labels')``.
        **kwargs: As for :class:`LabelIdDataset`: ``data_root``, ``img_suffix``,
            ``seg_map_suffix``, ``ann_file``, ``orientation``.

    Raises:
        ValueError: If there are no classes.
    """

    LAYOUT = 'images, and labels of the same names (see data_prefix, img_suffix, seg_map_suffix)'

    def __init__(
        self,
        metainfo: dict | None = None,
        data_prefix: dict = dict(img_path='images', seg_map_path='labels'),
        **kwargs: Any,
    ) -> None:
        if not (metainfo or {}).get('classes'):
            raise ValueError(
                "LabelledFolderDataset: no classes; give metainfo=dict(classes=('NAME', ...))"
            )
        super().__init__(metainfo=metainfo, data_prefix=data_prefix, **kwargs)

    @classmethod
    def get_label_map(cls, new_classes: Sequence[str] | None = None) -> dict[int, int]:
        """Every class index stays as it is."""
        return {i: i for i in (*range(len(new_classes or ())), IGNORE)}

    def _update_palette(self) -> list:
        return BaseSegDataset._update_palette(self)
