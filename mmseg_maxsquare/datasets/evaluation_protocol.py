"""The size at which predictions are compared with labels."""

import mmcv
from mmcv.transforms.base import BaseTransform
from mmseg.registry import TRANSFORMS

PROTOCOLS = ('full_resolution', 'network_input')


@TRANSFORMS.register_module()
class EvaluationProtocol(BaseTransform):
    """Selects the size at which predictions are compared with labels.

    Put it into a test pipeline after ``Resize`` and ``LoadAnnotations``.

    Args:
        name: ``'full_resolution'``: the logits are upsampled to the size of the
            original label (as in mmseg and in commonly reported results).
            ``'network_input'``: the label is downsampled (nearest) to the network's
            input size, at which the logits stay, as in the released code.

    Raises:
        ValueError: If there is no such protocol.
    """

    def __init__(self, name: str) -> None:
        if name not in PROTOCOLS:
            raise ValueError(f'name must be one of {PROTOCOLS}, got {name!r}')
        self.name = name

    def transform(self, results: dict) -> dict:
        """Change nothing, or resize the label to the image and drop the original size.

        Raises:
            ValueError: If the label does not have its original size.
        """
        label = results.get('gt_seg_map')
        if label is not None and label.shape != tuple(results['ori_shape']):
            raise ValueError(
                f'label of {results["img_path"]} has size {label.shape}, its image originally '
                f'{tuple(results["ori_shape"])}: LoadAnnotations must come after Resize in tests'
            )
        if self.name == 'network_input':
            height, width = results['img'].shape[:2]
            if label is not None:
                size = (width, height)
                results['gt_seg_map'] = mmcv.imresize(
                    label, size, interpolation='nearest', backend='pillow'
                )
            # mmseg upsamples the logits to ori_shape.
            results['ori_shape'] = (height, width)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(name={self.name!r})'
