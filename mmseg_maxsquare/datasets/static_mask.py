"""Masks of target images that say where nothing moves, made by the user."""

from pathlib import Path

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from ..data_files import BadFileError

KEY = 'gt_edge_map'  # mmseg packs it, and its transforms move it with the image


@TRANSFORMS.register_module()
class LoadStaticMask(BaseTransform):
    """Loads ``FOLDER/NAME.png`` for an image ``NAME.*``: 1 where nothing moves, else 0.

    Its place is after the image loader. Used by :class:`CrossCity`.

    Args:
        folder: Where the masks are.

    Raises:
        ValueError: If there is no such folder.
    """

    def __init__(self, folder: str) -> None:
        if not Path(folder).is_dir():
            raise ValueError(f'LoadStaticMask.folder: no folder {folder}')
        self.folder = Path(folder)

    def transform(self, results: dict) -> dict:
        """Put the mask, uint8 ``(H, W)``, into the results.

        Raises:
            BadFileError: If it is missing, of another size, or no mask of 0 and 1.
        """
        path = self.folder / f'{Path(results["img_path"]).stem}.png'
        if not path.is_file():
            raise BadFileError(f'static mask {path} not found (of image {results["img_path"]})')
        mask = mmcv.imread(str(path), flag='unchanged', backend='pillow')
        size = results['img'].shape[:2]
        if mask.shape != size or not np.isin(mask, (0, 1)).all():
            raise BadFileError(
                f'static mask {path}: expected one channel of 0 and 1 of size {size} (height, '
                f'width), got shape {mask.shape} and values up to {mask.max()}'
            )
        results[KEY] = mask
        results.setdefault('seg_fields', []).append(KEY)
        return results
