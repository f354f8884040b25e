"""What the pipeline of a labelled data set must give: a label, and the sizes of the image."""

from collections.abc import Sequence
from typing import Any

SIZES = ('ori_shape', 'img_shape')  # to which predictions are enlarged


def fault_of_sample(sample: Any, evaluated: bool, of_images: bool) -> tuple[str, str] | None:
    """Fact and remedy if the packed result of a pipeline cannot be learnt or scored.

    Args:
        sample: Its ``data_samples``; several of test time augmentation.
        evaluated: Whether predictions are compared with its label.
        of_images: Whether the label is a class of the whole image.
    """
    first = sample[0] if isinstance(sample, Sequence) else sample
    label, remedy = 'gt_sem_seg', "add dict(type='LoadAnnotations')"
    if of_images:
        label, remedy = 'gt_label', "end it with dict(type='PackClassInputs')"
    if label not in first:
        return 'gives no labels, which this domain needs', remedy
    if of_images or not evaluated:
        return None
    missing = [key for key in SIZES if key not in first.metainfo]
    if missing:
        what = f'PackSegInputs leaves out {" and ".join(missing)}, which predictions need'
        return what, 'leave meta_keys out'
    # Logits are enlarged to ori_shape and compared with the label.
    shape, original = tuple(first.gt_sem_seg.shape), tuple(first.metainfo['ori_shape'][:2])
    if shape != original:
        what = f'gives labels of size {shape} for predictions of size {original}'
        return what, 'put LoadAnnotations after Resize in test pipelines'
    return None
