"""What the segmentors share that learn from a labelled and an unlabelled domain."""

from collections.abc import Iterator
from typing import Any

import torch
from mmseg.utils import SampleList
from torch import Tensor, nn

from .fields import build_part
from .guidance import IGNORE_INDEX, Guidance, guidance_loss, self_produced_guidance
from .predicted_logits import (
    as_predicting,
    check_softmax,
    predicted_logits,
    refuse_mask_heads,
    two_classes,
)
from .uda_model import UDAModel

FILLED = 'filled'  # of a sample: where the pipeline filled pixels in; see datasets/validity.py


class UDASegmentor(UDAModel):
    """Adds a loss for unlabelled target images to a segmentor of mmseg.

    :class:`UDAModel` says how it is trained. Goes before mmseg's class in a list of bases;
    a subclass has ``final_logits(features, size)``.

    Args:
        *args: As for mmseg's class.
        target_loss: Config of the loss on target logits; its ``loss_weight`` is
            lambda_T.
        guidance: Fields of :class:`Guidance`, or None for no guidance.
            Defaults to None.
        **kwargs: As for :class:`UDAModel` and mmseg's class.

    Raises:
        ValueError: If the heads do not fit the target loss or the guidance.
    """

    def __init__(
        self, *args: Any, target_loss: dict, guidance: dict | None = None, **kwargs: Any
    ) -> None:
        refuse_mask_heads(kwargs.get('decode_head'))
        super().__init__(*args, target_loss=target_loss, **kwargs)
        check_softmax(self._decode_heads())
        self.guidance: Guidance | None = None
        if guidance is not None:
            self.guidance = build_part('model.guidance', guidance, Guidance)
            found = self._guided_head(self.guidance).num_classes
            if found != self.num_classes:
                raise ValueError(
                    f'model.guidance: its head has {found} classes, '
                    f'decode_head {self.num_classes}; give both the same num_classes'
                )

    def loss_target(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """Unsupervised terms of target images ``(B, 3, H, W)``, Eq. 14."""
        features, size = self._features(inputs), inputs.shape[2:]
        ignore = padding_mask(inputs, data_samples)
        logits = self.final_logits(features, size)
        label = None if ignore is None else ignore.long() * IGNORE_INDEX
        loss = self.target_loss(logits, label, ignore_index=IGNORE_INDEX)
        losses = {self.target_loss.loss_name: loss * self.target_weight}
        losses.update(self.anchor_term(inputs, logits, ignore))
        labels = None
        if self.guidance is not None:
            head = self._guided_head(self.guidance)
            low = predicted_logits(head, (features,), size, self.test_cfg)
            labels = self_produced_guidance(
                logits, low, self.guidance.threshold, self.guidance.mask, ignore
            )
            lambda_t = getattr(self.target_loss, 'loss_weight', 1.0) * self.target_weight
            loss = guidance_loss(low, labels, self.guidance.normalizer, ignore)
            losses['loss_guidance'] = loss * (lambda_t * self.guidance.loss_weight)
            losses['guided_share'] = guided_share(labels, ignore)
        self.look_at(inputs=inputs, logits=logits.detach(), guidance=labels, ignore=ignore)
        return losses

    def target_logits(self, inputs: Tensor) -> Tensor:
        """Logits ``(B, C, H, W)`` of the final level for images ``(B, 3, H, W)``."""
        return self.final_logits(self._features(inputs), inputs.shape[2:])

    def inference_logits(self, inputs: Tensor) -> Tensor:
        """Logits ``(B, C, H, W)`` as at inference: whole images or sliding windows."""
        size = inputs.shape[2:]
        metas = [dict(img_shape=size, ori_shape=size) for _ in inputs]
        return two_classes(self.inference(inputs, metas))

    def _features(self, inputs: Tensor) -> list[Tensor]:
        """Feature maps as the prediction uses them."""
        parts = [self.backbone, self.neck] if self.with_neck else [self.backbone]
        with as_predicting(*parts):
            return self.extract_feat(inputs)

    def final_logits(self, features: list[Tensor], size: tuple[int, ...]) -> Tensor:
        """Logits ``(B, C, H, W)`` of the final level at a size."""
        raise NotImplementedError

    def _decode_heads(self) -> Iterator[tuple[str, nn.Module]]:
        """Field and module of each stage of the decoder."""
        if isinstance(self.decode_head, nn.ModuleList):
            for i, head in enumerate(self.decode_head):
                yield f'model.decode_head.{i}', head
        else:
            yield 'model.decode_head', self.decode_head

    def _guided_head(self, guidance: Guidance) -> nn.Module:
        """The auxiliary head that the guidance trains."""
        if not self.with_auxiliary_head:
            raise ValueError(
                'model.guidance trains an auxiliary head (the low level), but the model has none: '
                'add auxiliary_head=dict(...) or set guidance=None'
            )
        several = isinstance(self.auxiliary_head, nn.ModuleList)
        heads = list(self.auxiliary_head) if several else [self.auxiliary_head]
        index = guidance.head
        if index is None and len(heads) == 1:
            index = 0
        if index is None or not 0 <= index < len(heads):
            raise ValueError(
                f'model.guidance: the model has {len(heads)} auxiliary heads; name the one that it '
                f'trains with head=0..{len(heads) - 1}, got {index}'
            )
        return heads[index]


def padding_mask(inputs: Tensor, data_samples: SampleList | None) -> Tensor | None:
    """Pixels that are not of the photograph: padding, and what the pipeline has filled in.

    Args:
        inputs: Images ``(B, 3, H, W)``.
        data_samples: Their samples, with ``padding_size`` (left, right, top,
            bottom) where the preprocessor padded, and the field FILLED of a UDADataset.

    Returns:
        Boolean ``(B, H, W)``, True for such pixels; None if there are none.
    """
    samples = list(data_samples or ())
    paddings = [sample.metainfo.get('padding_size', (0,) * 4) for sample in samples]
    filled = [sample.get(FILLED).data[0] if FILLED in sample else None for sample in samples]
    if not any(map(any, paddings)) and all(part is None for part in filled):
        return None
    height, width = inputs.shape[2:]
    mask = torch.ones(len(inputs), height, width, dtype=torch.bool, device=inputs.device)
    for image, (left, right, top, bottom), part in zip(mask, paddings, filled, strict=True):
        inside = image[top : height - bottom, left : width - right]
        inside[:] = False if part is None else part.to(inputs.device)
    return mask


def guided_share(guidance: Tensor, ignore: Tensor | None) -> Tensor:
    """Share of counted pixels that have guidance, a scalar in [0, 1]."""
    guided = (guidance != IGNORE_INDEX).sum()
    counted = guidance.numel() if ignore is None else (~ignore).sum().clamp(min=1)
    return guided / counted
