"""An EncoderDecoder that learns from a labelled and an unlabelled domain."""

from typing import Any

import torch
from mmseg.models import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor, nn

from .fields import build_part
from .guidance import IGNORE_INDEX, Guidance, guidance_loss, self_produced_guidance
from .uda_model import UDAModel


@MODELS.register_module()
class UDAEncoderDecoder(UDAModel, EncoderDecoder):
    """An ordinary EncoderDecoder with a loss for unlabelled target images.

    :class:`UDAModel` describes the training.

    Args:
        *args: As for :class:`EncoderDecoder`.
        target_loss: Config of the loss on target logits; its ``loss_weight`` is
            lambda_T.
        guidance: Fields of :class:`Guidance`, or None for no guidance.
            Defaults to None.
        **kwargs: As for :class:`UDAModel` and :class:`EncoderDecoder`.

    Raises:
        ValueError: If the heads do not fit the target loss or the guidance.
    """

    def __init__(
        self, *args: Any, target_loss: dict, guidance: dict | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, target_loss=target_loss, **kwargs)
        if self.out_channels == 1:
            raise ValueError(
                'model.decode_head has out_channels=1 (sigmoid); the target losses need a softmax '
                'over classes: set out_channels=2 and CrossEntropyLoss(use_sigmoid=False)'
            )
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
        features = self.extract_feat(inputs)
        ignore = padding_mask(inputs, data_samples)
        logits = self._full_size_logits(self.decode_head, features, inputs)
        label = None if ignore is None else ignore.long() * IGNORE_INDEX
        loss = self.target_loss(logits, label, ignore_index=IGNORE_INDEX)
        losses = {self.target_loss.loss_name: loss * self.target_weight}
        labels = None
        if self.guidance is not None:
            low = self._full_size_logits(self._guided_head(self.guidance), features, inputs)
            labels = self_produced_guidance(
                logits, low, self.guidance.threshold, self.guidance.mask, ignore
            )
            lambda_t = getattr(self.target_loss, 'loss_weight', 1.0) * self.target_weight
            loss = guidance_loss(low, labels, self.guidance.normalizer, ignore)
            losses['loss_guidance'] = loss * (lambda_t * self.guidance.loss_weight)
            losses['guided_share'] = guided_share(labels, ignore)
        self.look_at(inputs=inputs, logits=logits.detach(), guidance=labels, ignore=ignore)
        return losses

    def _full_size_logits(self, head: nn.Module, features: list[Tensor], inputs: Tensor) -> Tensor:
        """Logits of a head at the resolution of the images."""
        logits = head(features)
        if not isinstance(logits, Tensor):
            raise TypeError(
                f'{type(head).__name__} returns {type(logits).__name__} in training mode; '
                'the target losses need a head that returns one logits map'
            )
        return resize(logits, inputs.shape[2:], mode='bilinear', align_corners=head.align_corners)

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
    """Where images were padded to the size of the batch.

    Args:
        inputs: Images ``(B, 3, H, W)``.
        data_samples: Their samples, with ``padding_size`` (left, right, top,
            bottom) where the preprocessor padded.

    Returns:
        Boolean ``(B, H, W)``, True for padding; None if there is none.
    """
    paddings = [sample.metainfo.get('padding_size', (0,) * 4) for sample in data_samples or ()]
    if not any(any(padding) for padding in paddings):
        return None
    height, width = inputs.shape[2:]
    mask = torch.ones(len(inputs), height, width, dtype=torch.bool, device=inputs.device)
    for image, (left, right, top, bottom) in zip(mask, paddings, strict=True):
        image[top : height - bottom, left : width - right] = False
    return mask


def guided_share(guidance: Tensor, ignore: Tensor | None) -> Tensor:
    """Share of counted pixels that have guidance, a scalar in [0, 1]."""
    guided = (guidance != IGNORE_INDEX).sum()
    counted = guidance.numel() if ignore is None else (~ignore).sum().clamp(min=1)
    return guided / counted
