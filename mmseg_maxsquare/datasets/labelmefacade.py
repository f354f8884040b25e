"""LabelMeFacade, from its original colour labels or with one id per pixel."""

from typing import Any

import mmcv
import numpy as np
from mmseg.registry import DATASETS

from .label_ids import LabelIdDataset, label_map
from .loading import IGNORE, read_label_ids

CLASSES = ('sky', 'building', 'road', 'pavement', 'tree', 'car', 'door', 'window')
# Of the original label files, class by class; "tree" is their "vegetation".
FILE_COLOURS = (
    (0, 128, 128), (128, 0, 0), (128, 64, 0), (128, 128, 128), (0, 128, 0), (128, 0, 128),
    (128, 128, 0), (0, 0, 128),
)  # fmt: skip
VARIOUS = (0, 0, 0)


def read_facade_label(content: bytes) -> np.ndarray:
    """Ids of a label file: places in CLASSES, 255 for "various".

    Args:
        content: The file: ids in a single channel, or the colours of the original files, with or
            without alpha.

    Returns:
        uint8 ``(H, W)``.

    Raises:
        ValueError: If it is another kind of image, or has another colour.
    """
    image = mmcv.imfrombytes(content, flag='unchanged', backend='pillow')
    if image.ndim == 2 or image.dtype != np.uint8:
        return read_label_ids(content)
    colours = image[..., 2::-1]  # mmcv gives blue, green, red (, alpha)
    codes = _codes(colours)
    ids = np.full(image.shape[:2], IGNORE, np.uint8)
    known = codes == _codes(np.array(VARIOUS))
    for index, colour in enumerate(FILE_COLOURS):
        here = codes == _codes(np.array(colour))
        ids[here] = index
        known |= here
    if not known.all():
        others = np.unique(colours[~known], axis=0)[:3].tolist()
        raise ValueError(
            f'has colours that no class has, such as {others} (red, green, blue); the colours are '
            f'{dict(zip(CLASSES, FILE_COLOURS, strict=True))}, and {VARIOUS} for various'
        )
    return ids


def _codes(colours: np.ndarray) -> np.ndarray:
    """Each colour as one number."""
    return colours.astype(np.int32) @ np.array([65536, 256, 1])


@DATASETS.register_module()
class LabelMeFacadeDataset(LabelIdDataset):
    """LabelMeFacade (Fröhlich et al., ICPR 2010): 945 photographs of streets.

    Labels are the original PNGs (colours, RGBA), or single-channel files with the ids 0 to 5 of
    the classes, and 255.

    Args:
        data_prefix: Defaults to ``dict(img_path='images', seg_map_path='labels')``, which
            holds both splits; for one of them give ``images/test`` and ``labels/test``.
        img_suffix: Defaults to ``'.jpg'``.
        merge_classes: Classes that count as another one, unless ``metainfo.classes`` names
            them. Defaults to ``dict(door='building', window='building')``, as CamVid and
            Cityscapes have it.
        **kwargs: As for :class:`LabelIdDataset`. ``metainfo=dict(classes=...)`` may also name
            ``'door'`` and ``'window'``.

    Raises:
        ValueError: If ``merge_classes`` names an unknown class.
    """

    METAINFO: dict[str, Any] = dict(
        classes=CLASSES[:6],
        palette=[
            [128, 128, 128], [128, 0, 0], [128, 64, 128], [60, 40, 222], [128, 128, 0],
            [64, 0, 128],
        ],
    )  # fmt: skip
    COLOURS = {
        **dict(zip(METAINFO['classes'], METAINFO['palette'], strict=True)),
        'door': [192, 128, 0],
        'window': [0, 0, 128],
    }
    LABEL_IDS = {**dict(enumerate(CLASSES)), IGNORE: None}
    LAYOUT = 'images/**/*.jpg and labels/**/*.png'
    read_label = staticmethod(read_facade_label)

    def __init__(
        self,
        data_prefix: dict = dict(img_path='images', seg_map_path='labels'),
        img_suffix: str = '.jpg',
        merge_classes: dict[str, str] = dict(door='building', window='building'),
        **kwargs: Any,
    ) -> None:
        unknown = sorted({*merge_classes, *merge_classes.values()} - set(CLASSES))
        if unknown:
            raise ValueError(
                f'LabelMeFacadeDataset: merge_classes: no classes {unknown}; the classes: '
                f'{", ".join(CLASSES)}'
            )
        self.merge_classes = dict(merge_classes)
        super().__init__(data_prefix=data_prefix, img_suffix=img_suffix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Image and label paths; the table of ids follows the merged classes."""
        classes = self.metainfo['classes']
        names = {
            index: name if name in classes else self.merge_classes.get(str(name), name)
            for index, name in self.LABEL_IDS.items()
        }
        self.label_map = label_map(names, classes)
        self._metainfo['label_map'] = self.label_map
        return super().load_data_list()
