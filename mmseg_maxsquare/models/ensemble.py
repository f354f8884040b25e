"""Several segmentors of one architecture that predict together."""

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.utils import OptSampleList, SampleList
from torch import Tensor, nn

MEANS = ('logits', 'probabilities')
EPSILON = 1e-7  # keeps the logarithm of a probability finite


def mean_logits(logits: Sequence[Tensor], weights: Sequence[float], mean: str = 'logits') -> Tensor:
    """Weighted mean of the members' predictions, as logits.

    Args:
        logits: ``(B, C, H, W)`` of each member; one channel for a single sigmoid output.
        weights: Of the members; only their ratios count.
        mean: ``'logits'``; or ``'probabilities'``, of which the logits are returned.

    Returns:
        ``(B, C, H, W)``.
    """
    shares = [weight / sum(weights) for weight in weights]
    if mean == 'logits':
        return sum(share * one for share, one in zip(shares, logits, strict=True))
    sigmoid = logits[0].shape[1] == 1
    maps = [one.sigmoid() if sigmoid else one.softmax(1) for one in logits]
    p = sum(share * one for share, one in zip(shares, maps, strict=True))
    return torch.logit(p, EPSILON) if sigmoid else p.clamp(min=EPSILON).log()


@MODELS.register_module()
class EnsembleSegmentor(BaseSegmentor):
    """Predicts with the weighted mean of its members; not for training.

    Args:
        member: Config of the segmentor.
        weights: One for each member, above 0.
        mean: See :func:`mean_logits`. Defaults to 'logits', as ADVENT's ensemble.
        data_preprocessor: That of the member's config.

    Raises:
        ValueError: If the weights or the mean are wrong.
    """

    def __init__(
        self,
        member: dict,
        weights: Sequence[float],
        mean: str = 'logits',
        data_preprocessor: dict | nn.Module | None = None,
    ) -> None:
        super().__init__(data_preprocessor)
        if mean not in MEANS:
            raise ValueError(f'mean must be one of {MEANS}, got {mean!r}')
        if not all(0 < weight < float('inf') for weight in weights):
            raise ValueError(f'weights must be above 0, got {list(weights)}')
        self.members = nn.ModuleList(MODELS.build(member) for _ in weights)
        self.weights, self.mean = list(weights), mean

    def __getattr__(self, name: str) -> Any:
        """What mmseg asks of a segmentor beside its predictions is that of the first member."""
        if name in ('align_corners', 'num_classes', 'out_channels', 'decode_head', 'test_cfg'):
            return getattr(self.members[0], name)
        return super().__getattr__(name)

    def inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Mean logits ``(B, C, H, W)`` of images; see :func:`mean_logits`."""
        logits = [member.inference(inputs, batch_img_metas) for member in self.members]
        return mean_logits(logits, self.weights, self.mean)

    def predict(self, inputs: Tensor, data_samples: OptSampleList = None) -> SampleList:
        """Samples with ``pred_sem_seg`` and ``seg_logits``."""
        size = inputs.shape[2:]
        blank = dict(ori_shape=size, img_shape=size, pad_shape=size, padding_size=[0] * 4)
        metas = [dict(blank) for _ in inputs]
        if data_samples is not None:
            metas = [sample.metainfo for sample in data_samples]
        return self.postprocess_result(self.inference(inputs, metas), data_samples)

    def extract_feat(self, inputs: Tensor) -> Any:
        """Not defined for several networks."""
        raise NotImplementedError('an ensemble has no feature maps of its own')

    def encode_decode(self, inputs: Tensor, batch_data_samples: SampleList) -> Tensor:
        """See :meth:`inference`."""
        return self.inference(inputs, [sample.metainfo for sample in batch_data_samples])

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict:
        """Not defined: the members are trained on their own."""
        raise NotImplementedError('an ensemble is not trained; train its members')

    def _forward(self, inputs: Tensor, data_samples: OptSampleList = None) -> Tensor:
        size = inputs.shape[2:]
        return self.inference(inputs, [dict(ori_shape=size, img_shape=size) for _ in inputs])
