"""What the segmentors share that learn from a labelled and an unlabelled domain."""

from collections.abc import Iterator
from typing import Any

import torch
from mmseg.utils import SampleList
from torch import Tensor, nn

from ..methods.method import Predictions
from .fields import build_part
from .guidance import IGNORE_INDEX, Guidance, guidance_loss, self_produced_guidance
from .predicted_logits import (
    as_predicting,
    check_softmax,
    predicted_logits,
    recorded,
    recorded_logits,
    refuse_mask_heads,
    two_classes,
)
from .uda_model import UDAModel

FINAL, LOW = 'decode_head', 'auxiliary_head'
FILLED = 'filled'  # of a sample: where the pipeline filled pixels in; see datasets/validity.py


class UDASegmentor(UDAModel):
    """Adds a loss for unlabelled target images to a segmentor of mmseg.

    :class:`UDAModel` says how it is trained. Goes before mmseg's class in a list of bases;
    a subclass has ``final_logits(features, size)``.

    Args:
        *args: As for mmseg's class.
        guidance: Fields of :class:`Guidance`, or None for no guidance.
            Defaults to None.
        **kwargs: As for :class:`UDAModel` and mmseg's class.

    Raises:
        ValueError: If the heads do not fit the target loss or the guidance.
    """

    def __init__(
        self, *args: Any, guidance: dict | None = None, **kwargs: Any
    ) -> None:
        refuse_mask_heads(kwargs.get('decode_head'))
        super().__init__(*args, **kwargs)
        check_softmax(self._decode_heads())
        self.guidance: Guidance | None = None
        if guidance is not None:
            self.guidance = build_part('model.guidance', guidance, Guidance)
            found = self.head(self._guided_head(self.guidance)).num_classes
            if found != self.num_classes:
                raise ValueError(
                    f'model.guidance: its head has {found} classes, '
                    f'decode_head {self.num_classes}; give both the same num_classes'
                )

    def source_pass(
        self, inputs: Tensor, data_samples: SampleList
    ) -> tuple[dict[str, Tensor], Predictions | None]:
        """Losses of source images ``(B, 3, H, W)``, and the predictions that methods read.

        The predictions are those from which mmseg computes the losses, so they cost no
        second forward pass.
        """
        if not self.methods.read_source:
            return self.loss(inputs, data_samples), None
        heads = {name: self.head(name) for name in self.methods.levels}
        with recorded(self, heads) as record:
            losses = self.loss(inputs, data_samples)
        size, features = inputs.shape[2:], record['features']
        levels = {}
        for name, head in heads.items():
            # Methods do not send gradients through the logits of the source.
            with torch.no_grad():
                levels[name] = recorded_logits(head, record[name], features, size, self.test_cfg)
        labels = torch.stack([sample.gt_sem_seg.data[0] for sample in data_samples])
        ignore = padding_mask(inputs, data_samples)
        return losses, Predictions(levels, features, ignore, labels)

    def loss_target(self, inputs: Tensor, data_samples: SampleList) -> dict[str, Tensor]:
        """Unsupervised terms of target images ``(B, 3, H, W)``, Eq. 14."""
        features, size = self._features(inputs), inputs.shape[2:]
        ignore = padding_mask(inputs, data_samples)
        logits = self.final_logits(features, size)
        levels = {
            name: logits if name == FINAL else self._low_logits(name, features, size)
            for name in self.methods.levels
        }
        losses = self.target_terms(logits, Predictions(levels, features, ignore))
        losses.update(self.anchor_term(inputs, logits, ignore))
        labels = None
        if self.guidance is not None:
            name = self._guided_head(self.guidance)
            low = levels[name] if name in levels else self._low_logits(name, features, size)
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

    def level_names(self) -> list[str]:
        """Names of the heads, as in mmseg's configs and checkpoints."""
        low = getattr(self, 'auxiliary_head', None)
        if isinstance(low, nn.ModuleList):
            return [FINAL, *(f'{LOW}.{i}' for i in range(len(low)))]
        return [FINAL] if low is None else [FINAL, LOW]

    def head(self, name: str) -> nn.Module:
        """The head of a level; of a cascade the last one."""
        if name == FINAL:
            several = isinstance(self.decode_head, nn.ModuleList)
            return self.decode_head[-1] if several else self.decode_head
        return self.get_submodule(name)

    def _low_logits(self, name: str, features: list[Tensor], size: tuple[int, ...]) -> Tensor:
        """Logits ``(B, C, H, W)`` of an auxiliary head."""
        return predicted_logits(self.head(name), (features,), size, self.test_cfg)

    def _guided_head(self, guidance: Guidance) -> str:
        """The name of the auxiliary head that the guidance trains."""
        if not self.with_auxiliary_head:
            raise ValueError(
                'model.guidance trains an auxiliary head (the low level), but the model has none: '
                'add auxiliary_head=dict(...) or set guidance=None'
            )
        heads = self.level_names()[1:]
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
