"""The prediction for one image."""

from pathlib import Path

import torch
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn

from mmseg_maxsquare.runs.errors import fail, one_line

from .image_sizes import NETWORK_ERRORS
from .outputs import Predicted


def predict_one(model: nn.Module, sample: dict, tta: bool, probabilities: bool) -> Predicted:
    """The prediction for a sample, decided as mmseg does."""
    photo = sample.pop('photo', None)
    with torch.no_grad():
        batch = model.data_preprocessor(pseudo_collate([sample]), False)
        metas = [each.metainfo for each in batch['data_samples']]
        logits = model.inference(batch['inputs'], metas)
        if tta:
            mirrored = model.inference(batch['inputs'].flip(3), metas).flip(3)
            logits = mean_prediction(logits, mirrored)
        found = model.postprocess_result(logits, batch['data_samples'])[0]
    labels = found.pred_sem_seg.data[0].byte().cpu().numpy()
    scores = _probabilities(found.seg_logits.data) if probabilities else None
    return Predicted(labels, photo, scores if scores is None else scores.half().cpu().numpy())


def predict_or_why(
    model: nn.Module, image: Path, sample: dict | str, tta: bool, probabilities: bool
) -> Predicted | str:
    """The prediction, or why there is none.

    Args:
        model: See :func:`predict_one`, as for the last two.
        image: Its path, for the message.
        sample: The sample, or why the image could not be read.
        tta: Whether the mirrored image counts.
        probabilities: Whether they are wanted.
    """
    if isinstance(sample, str):
        return sample
    height, width = sample['inputs'].shape[1:]
    try:
        return predict_one(model, sample, tta, probabilities)
    except torch.cuda.OutOfMemoryError:
        fail(
            f'image {image}: too little memory for {width} x {height}; use another --device, or a '
            'smaller scale in the test pipeline'
        )
    except NETWORK_ERRORS as error:
        return f'image {image}: the network fails at {width} x {height}: {one_line(error, 200)}'


def mean_prediction(logits: Tensor, others: Tensor) -> Tensor:
    """Logits of the mean probabilities of two predictions ``(B, C, H, W)``."""
    if logits.shape[1] == 1:
        return ((logits.sigmoid() + others.sigmoid()) / 2).logit()
    return torch.logsumexp(torch.stack([logits.log_softmax(1), others.log_softmax(1)]), 0)


def _probabilities(scores: Tensor) -> Tensor:
    """``(C, H, W)`` of mmseg's result, which for a single output is a probability already."""
    if scores.shape[0] == 1:
        return torch.cat([1 - scores, scores])
    return scores.softmax(0)
