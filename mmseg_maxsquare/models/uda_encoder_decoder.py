"""An EncoderDecoder that learns from a labelled and an unlabelled domain."""

import torch
from mmengine.optim import OptimWrapper
from mmseg.models import EncoderDecoder, SegDataPreProcessor
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.utils import SampleList, add_prefix
from torch import Tensor, nn

from .fields import build_part
from .guidance import IGNORE_INDEX, Guidance, guidance_loss, self_produced_guidance
from .uda_data_preprocessor import DOMAINS, UDADataPreprocessor


@MODELS.register_module()
class UDAEncoderDecoder(EncoderDecoder):
    """An ordinary EncoderDecoder with a loss for unlabelled target images.

    One training step on a nested batch of a :class:`UDADataset`: source forward
    and backward, target forward and backward, one optimizer step (Eq. 1). So
    batch norm sees one domain at a time and one graph is alive at a time.
    Parameters have the names of the plain EncoderDecoder: checkpoints load
    either way. Validation, test and inference are the plain model's.

    Args:
        *args: As for :class:`EncoderDecoder`.
        target_loss: Config of the loss on target logits; its ``loss_weight`` is
            lambda_T.
        guidance: Fields of :class:`Guidance`, or None for no guidance.
            Defaults to None.
        data_preprocessor: A ``SegDataPreProcessor`` config becomes a
            :class:`UDADataPreprocessor` by itself.
        **kwargs: As for :class:`EncoderDecoder`.

    Attributes:
        target_weight: Factor on all target terms, 1 unless a hook schedules it.
        snapshot: None, or a dict into which the next target pass puts its
            detached ``inputs``, ``logits``, ``guidance`` and ``ignore``.

    Raises:
        ValueError: If the heads do not fit the target loss or the guidance.
        TypeError: If the preprocessor cannot handle two domains.
    """

    def __init__(
        self,
        *args,
        target_loss: dict,
        guidance: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        **kwargs,
    ) -> None:
        super().__init__(*args, data_preprocessor=_for_two_domains(data_preprocessor), **kwargs)
        if not isinstance(self.data_preprocessor, UDADataPreprocessor):
            raise TypeError(
                'data_preprocessor must be a SegDataPreProcessor config or a UDADataPreprocessor, '
                f'got {type(self.data_preprocessor).__name__}'
            )
        if self.out_channels == 1:
            raise ValueError(
                'model.decode_head has out_channels=1 (sigmoid); the target losses need a softmax '
                'over classes: set out_channels=2 and CrossEntropyLoss(use_sigmoid=False)'
            )
        self.target_loss = build_part('model.target_loss', target_loss)
        if 'loss' not in self.target_loss.loss_name:
            raise ValueError(
                'model.target_loss: loss_name must contain "loss" to be summed, '
                f'got {self.target_loss.loss_name!r}'
            )
        self.guidance = None
        if guidance is not None:
            self.guidance = build_part('model.guidance', guidance, Guidance)
        if self.guidance is not None and self._guided_head().num_classes != self.num_classes:
            raise ValueError(
                f'model.guidance: its head has {self._guided_head().num_classes} classes, '
                f'decode_head {self.num_classes}; give both the same num_classes'
            )
        self.target_weight = 1.0
        self.snapshot: dict | None = None

    def train_step(self, data: dict, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """One step on both domains; see :meth:`uda_step`."""
        return self.uda_step(self, data, optim_wrapper)

    def uda_step(
        self, model: nn.Module, data: dict, optim_wrapper: OptimWrapper
    ) -> dict[str, Tensor]:
        """Source and target, each forward and backward, then one update.

        Args:
            model: What runs the forward passes: this model, or a wrapper of it
                such as :class:`UDADistributedDataParallel`.
            data: Collated batch of a :class:`UDADataset`.
            optim_wrapper: Optimizer wrapper; AMP, gradient accumulation and
                clipping apply to the sum of both gradients.

        Returns:
            Values to log: ``loss`` and the terms of both domains.

        Raises:
            TypeError: If the batch has no two domains.
        """
        if not isinstance(data.get('inputs'), dict):
            raise TypeError(
                'UDAEncoderDecoder trains on batches with a source and a target: set '
                "train_dataloader.dataset=dict(type='UDADataset', source=..., target=...)"
            )
        data = self.data_preprocessor(data, True)
        log_vars: dict[str, Tensor] = {}
        total = 0.0
        for domain in DOMAINS:
            part = {key: {domain: value[domain]} for key, value in data.items()}
            with optim_wrapper.optim_context(model):
                losses = model._run_forward(part, mode='loss')
            loss, parsed = self.parse_losses(losses)
            optim_wrapper.backward(optim_wrapper.scale_loss(loss))
            if domain != DOMAINS[-1]:
                # Each backward() counts as a step of gradient accumulation,
                # but only the last one of the two completes a step.
                optim_wrapper._inner_count -= 1
            total = total + parsed.pop('loss').detach()
            log_vars.update(parsed)
        if optim_wrapper.should_update():
            if hasattr(model, 'average_gradients'):
                model.average_gradients()  # over the ranks of distributed training
            optim_wrapper.step()
            optim_wrapper.zero_grad()
        return {'loss': total, **log_vars}

    def loss(self, inputs: dict | Tensor, data_samples: dict | SampleList) -> dict[str, Tensor]:
        """Losses of the domains in a nested batch, one or both.

        Args:
            inputs: Images ``(B, 3, H, W)`` by domain; a plain tensor is treated
                as mmseg does (supervised).
            data_samples: Data samples by domain; those of the target need no
                label and none is looked at.

        Returns:
            ``source.*`` and ``target.*`` terms; what contains "loss" is summed.
        """
        if not isinstance(inputs, dict):
            return super().loss(inputs, data_samples)
        losses = {}
        if 'source' in inputs:
            source = super().loss(inputs['source'], data_samples['source'])
            losses.update(add_prefix(source, 'source'))
        if 'target' in inputs:
            target = self.loss_target(inputs['target'], data_samples['target'])
            losses.update(add_prefix(target, 'target'))
        return losses

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
            low = self._full_size_logits(self._guided_head(), features, inputs)
            labels = self_produced_guidance(
                logits, low, self.guidance.threshold, self.guidance.mask, ignore
            )
            lambda_t = getattr(self.target_loss, 'loss_weight', 1.0) * self.target_weight
            loss = guidance_loss(low, labels, self.guidance.normalizer, ignore)
            losses['loss_guidance'] = loss * (lambda_t * self.guidance.loss_weight)
            losses['guided_share'] = guided_share(labels, ignore)
        if self.snapshot is not None:
            self.snapshot.update(
                inputs=inputs, logits=logits.detach(), guidance=labels, ignore=ignore
            )
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

    def _guided_head(self) -> nn.Module:
        """The auxiliary head that the guidance trains."""
        if not self.with_auxiliary_head:
            raise ValueError(
                'model.guidance trains an auxiliary head (the low level), but the model has none: '
                'add auxiliary_head=dict(...) or set guidance=None'
            )
        several = isinstance(self.auxiliary_head, nn.ModuleList)
        heads = list(self.auxiliary_head) if several else [self.auxiliary_head]
        index = self.guidance.head
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


def _for_two_domains(preprocessor: dict | nn.Module | None) -> dict | nn.Module:
    """Config of the nested preprocessor that a plain config stands for."""
    if preprocessor is None:
        return dict(type=UDADataPreprocessor)
    plain = ('SegDataPreProcessor', 'mmseg.SegDataPreProcessor', SegDataPreProcessor)
    if isinstance(preprocessor, dict) and preprocessor.get('type') in plain:
        return {**preprocessor, 'type': UDADataPreprocessor}
    return preprocessor
