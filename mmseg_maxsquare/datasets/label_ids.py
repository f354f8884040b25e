"""Data sets whose label files hold ids that a table turns into train ids."""

import os
from typing import ClassVar

import mmcv
import numpy as np
from mmengine import fileio
from mmseg.datasets import BaseSegDataset
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

UNKNOWN = -1
LOAD_ANNOTATIONS = ('LoadAnnotations', 'mmseg.LoadAnnotations', LoadAnnotations)
# Cityscapes' label ids (also GTA5's and NTHU's) and their train ids.
CITYSCAPES_IDS = {
    7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9,
    23: 10, 24: 11, 25: 12, 26: 13, 27: 14, 28: 15, 31: 16, 32: 17, 33: 18,
}  # fmt: skip


class LabelIdDataset(BaseSegDataset):
    """Base of data sets that read original label files through a table.

    The conversion happens while loading, so that no second copy of the labels
    is needed. Pipelines name mmseg's ``LoadAnnotations`` as usual; it is
    replaced by :class:`LoadLabelIds`, which refuses ids outside the table.

    Attributes:
        LABEL_IDS: Train id of every id that a label file may hold; 255 for
            those that are ignored.
        LAYOUT: The folder tree, for error messages.
    """

    LABEL_IDS: ClassVar[dict[int, int]] = {}
    LAYOUT: ClassVar[str] = ''

    def __init__(self, pipeline: list = (), **kwargs) -> None:
        super().__init__(pipeline=[_strict(step) for step in pipeline], **kwargs)

    @classmethod
    def get_label_map(cls, new_classes: list | None = None) -> dict[int, int]:
        """Id in the file to train id among ``new_classes`` (a subset of METAINFO's)."""
        subset = super().get_label_map(new_classes) or {}
        return {label: subset.get(train, train) for label, train in cls.LABEL_IDS.items()}

    def _update_palette(self) -> list:
        # mmseg would index the palette by label_map's keys, which are file ids here.
        classes, palette = self._metainfo['classes'], self._metainfo['palette']
        if len(palette) == len(classes) and palette != self.METAINFO['palette']:
            return palette  # given with the classes
        colours = dict(zip(self.METAINFO['classes'], self.METAINFO['palette'], strict=True))
        return [colours[name] for name in classes]

    def load_data_list(self) -> list[dict]:
        """Image and label paths.

        Raises:
            FileNotFoundError: If the image folder is missing or has no images.
        """
        folder = self.data_prefix['img_path']
        if not os.path.isdir(folder):
            raise FileNotFoundError(
                f'{type(self).__name__}: image folder {folder} not found; '
                f'expected {self.LAYOUT} below data_root ({self.data_root})'
            )
        data_list = super().load_data_list()
        if not data_list:
            raise FileNotFoundError(
                f'{type(self).__name__}: no {self.img_suffix} images in {folder}; '
                f'expected {self.LAYOUT} below data_root ({self.data_root})'
            )
        return data_list


@TRANSFORMS.register_module()
class LoadLabelIds(LoadAnnotations):
    """Loads a label file through the table of its data set.

    Args:
        **kwargs: As for mmseg's :class:`LoadAnnotations`.
    """

    def _load_seg_map(self, results: dict) -> None:
        """Put the train ids, uint8 ``(H, W)``, into ``results['gt_seg_map']``.

        Raises:
            FileNotFoundError: If the file does not exist.
            ValueError: If the file is no single-channel 8-bit label, has another
                size than its image, or holds an id that the table lacks.
        """
        path = results['seg_map_path']
        if not os.path.isfile(path):
            raise FileNotFoundError(f'label file {path} not found (of image {results["img_path"]})')
        try:
            content = fileio.get(path, backend_args=self.backend_args)
            ids = mmcv.imfrombytes(content, flag='unchanged', backend=self.imdecode_backend)
            if ids is None:  # OpenCV's way of saying so
                raise OSError('cannot be decoded')
        except Exception as error:  # decoders raise all kinds
            raise ValueError(f'label file {path} is not a readable image: {error}') from error
        if ids.ndim != 2 or ids.dtype != np.uint8:
            raise ValueError(
                f'label file {path} must be a single-channel 8-bit image of ids, '
                f'got shape {ids.shape} and {ids.dtype}'
            )
        size = results.get('ori_shape', ids.shape)
        if ids.shape != tuple(size):
            raise ValueError(
                f'label file {path} has size {ids.shape} (height, width), its image {tuple(size)}; '
                'replace one of them, or leave the pair out with a list of names as ann_file'
            )
        table = np.full(256, UNKNOWN, dtype=np.int16)
        table[list(results['label_map'])] = list(results['label_map'].values())
        train_ids = table[ids]
        if train_ids.min(initial=0) == UNKNOWN:
            unknown = np.unique(ids[train_ids == UNKNOWN]).tolist()
            raise ValueError(
                f'label file {path} holds unknown ids {unknown}; '
                f'known are {sorted(results["label_map"])}'
            )
        results['gt_seg_map'] = train_ids.astype(np.uint8)
        results['seg_fields'].append('gt_seg_map')


def _strict(step: object) -> object:
    """A pipeline step with LoadLabelIds for mmseg's LoadAnnotations, also inside wrappers."""
    if isinstance(step, dict):
        if step.get('type') in LOAD_ANNOTATIONS:
            return {**step, 'type': LoadLabelIds}
        return {key: _strict(value) for key, value in step.items()}
    if isinstance(step, list | tuple):
        return [_strict(value) for value in step]
    if type(step) is LoadAnnotations:
        return LoadLabelIds(backend_args=step.backend_args, imdecode_backend=step.imdecode_backend)
    return step
