"""CamVid in the layout of the SegNet tutorial: 11 classes, 480 x 360."""

import os
from collections.abc import Sequence
from typing import Any

from mmseg.registry import DATASETS

from .label_ids import LabelIdDataset


@DATASETS.register_module()
class CamVidDataset(LabelIdDataset):
    """CamVid; the prefix of a file name is its drive (``0001TP`` is at dusk).

    Args:
        drives: Drives to use, such as ``('0006R0', '0016E5')``. Defaults to None,
            all drives.
        data_prefix: Defaults to ``dict(img_path='train', seg_map_path='trainannot')``.
        **kwargs: As for :class:`LabelIdDataset`.

    Raises:
        ValueError: If a drive has no image.
    """

    METAINFO: dict[str, Any] = dict(
        classes=(
            'sky', 'building', 'pole', 'road', 'pavement', 'tree',
            'sign', 'fence', 'car', 'pedestrian', 'bicyclist',
        ),
        palette=[
            [128, 128, 128], [128, 0, 0], [192, 192, 128], [128, 64, 128], [60, 40, 222],
            [128, 128, 0], [192, 128, 128], [64, 64, 128], [64, 0, 128], [64, 64, 0],
            [0, 128, 192],
        ],
    )  # fmt: skip
    LABEL_IDS = {**dict(enumerate(METAINFO['classes'])), 11: None, 255: None}
    LAYOUT = 'train/*.png and trainannot/*.png (likewise val, test)'

    def __init__(
        self,
        drives: Sequence[str] | None = None,
        data_prefix: dict = dict(img_path='train', seg_map_path='trainannot'),
        **kwargs: Any,
    ) -> None:
        self.drives = drives
        super().__init__(data_prefix=data_prefix, **kwargs)

    def list_names(self) -> list[str]:
        """Names of the images of the drives."""
        names = super().list_names()
        if self.drives is None:
            return names
        drive_of = {name: os.path.basename(name).split('_')[0] for name in names}
        missing = sorted(set(self.drives) - set(drive_of.values()))
        if missing:
            raise ValueError(
                f'CamVidDataset: no image of drives {missing} in {self.data_prefix["img_path"]}; '
                f'available: {sorted(set(drive_of.values()))}'
            )
        return [name for name in names if drive_of[name] in self.drives]
