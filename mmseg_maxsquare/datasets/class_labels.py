"""Data sets of whole images with one class each."""

from collections.abc import Sequence
from typing import Any, ClassVar

from mmcv.transforms import BaseTransform, to_tensor
from mmengine.dataset import BaseDataset
from mmengine.structures import BaseDataElement
from mmseg.registry import TRANSFORMS

from .arguments import refuse_unused
from .load_image import check_orientation
from .loading import read_label_ids, strict


class ClassLabelDataset(BaseDataset):
    """Base class of data sets for classification.

    Entries of the data list have ``img_path`` (a name is enough for images in memory)
    and ``gt_label``, the index of the class. mmcv's image loader in the pipeline is
    replaced by :class:`LoadImage`.

    Args:
        pipeline: Transforms; the last is :class:`PackClassInputs`.
        orientation: ``'shown'`` or ``'stored'``; see :class:`LoadImage`.
        **kwargs: As for mmengine's :class:`BaseDataset`.

    Attributes:
        UNUSED: Arguments of mmengine's class that the data set does not read.

    Raises:
        ValueError: If one of these is given.
    """

    UNUSED: ClassVar[tuple[str, ...]] = ('ann_file', 'filter_cfg')

    def __init__(self, pipeline: Sequence = (), orientation: str = 'shown', **kwargs: Any) -> None:
        refuse_unused(self, {**kwargs, 'orientation': orientation}, *self.UNUSED)
        check_orientation(orientation)
        super().__init__(pipeline=strict(pipeline, read_label_ids, orientation), **kwargs)


@TRANSFORMS.register_module()
class PackClassInputs(BaseTransform):
    """Last step of a pipeline for classification.

    Returns ``inputs``, uint8 ``(3, H, W)``, and ``data_samples`` with ``gt_label``, an
    int, and, if known, ``img_path``, ``ori_shape``, ``img_shape`` and ``flip``.
    """

    KEYS = ('img_path', 'ori_shape', 'img_shape', 'flip')

    def transform(self, results: dict) -> dict:
        """Pack an image ``(H, W, 3)``."""
        sample = BaseDataElement(metainfo={k: results[k] for k in self.KEYS if k in results})
        sample.gt_label = results['gt_label']
        image = to_tensor(results['img'].transpose(2, 0, 1).copy())
        return dict(inputs=image, data_samples=sample)
