"""The logits that a head of mmseg predicts with, also while it trains."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from .trained_params import kept_statistics

# Heads of mmseg that do not predict by a softmax over the classes of a pixel.
NO_SOFTMAX = ('MaskFormerHead', 'Mask2FormerHead', 'SideAdapterCLIPHead', 'VPDDepthHead')


@contextmanager
def as_predicting(*modules: nn.Module) -> Iterator[None]:
    """Take modules themselves out of training mode, but not their layers.

    While they train, some heads and backbones return several maps (DDRNet, K-Net), which
    the prediction does not use. Batch norms and dropout, which are layers of them, work as
    they do in training.
    """
    modes = [module.training for module in modules]
    for module in modules:
        module.training = False
    try:
        yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode


def predicted_logits(
    head: nn.Module, inputs: tuple, size: Sequence[int], test_cfg: dict | None
) -> Tensor:
    """Logits of a head at the size of the images, as it predicts.

    See :func:`as_predicting`.

    Args:
        head: Of mmseg's kind.
        inputs: What its ``predict`` takes first: ``(feature maps,)``, or for the last head
            of a cascade ``(feature maps, logits of the stage before)``.
        size: ``(H, W)``.
        test_cfg: Of the segmentor.

    Returns:
        ``(B, C, H, W)``; for a head with a single sigmoid output ``(0, z)``, whose softmax
        is the sigmoid of ``z``.
    """
    metas = [dict(img_shape=torch.Size(size))]
    with as_predicting(head):
        return two_classes(head.predict(*inputs, metas, test_cfg))


@contextmanager
def recorded(model: nn.Module, heads: dict[str, nn.Module]) -> Iterator[dict[str, Any]]:
    """Keep what a segmentor computes on the way to its losses.

    Args:
        model: Its ``features`` are kept.
        heads: By name, under which the logits are kept that their losses are computed from.
    """
    record: dict[str, Any] = {}

    def keep(name: str, module: nn.Module, method: str, argument: bool) -> None:
        original = getattr(module, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            record[name] = args[0] if argument else result
            return result

        setattr(module, method, call)

    keep('features', model, 'extract_feat', argument=False)
    for name, head in heads.items():
        keep(name, head, 'loss_by_feat', argument=True)
    try:
        yield record
    finally:
        del model.extract_feat
        for head in heads.values():
            del head.loss_by_feat


def recorded_logits(
    head: nn.Module,
    found: Any,
    features: Sequence[Tensor],
    size: Sequence[int],
    test_cfg: dict | None,
) -> Tensor:
    """Logits ``(B, C, H, W)`` of a head at the size of the images, after its loss.

    Args:
        head: See :func:`predicted_logits`; of no cascade.
        found: What its loss was computed from. If these are several maps, or points, the head
            predicts again, without remembering statistics.
        features: Its input.
        size: ``(H, W)``.
        test_cfg: Of the segmentor.
    """
    if isinstance(found, Tensor) and found.dim() == 4:
        return two_classes(head.predict_by_feat(found, [dict(img_shape=torch.Size(size))]))
    with kept_statistics(head):
        return predicted_logits(head, (features,), size, test_cfg)


def two_classes(logits: Tensor) -> Tensor:
    """``(0, z)`` for the single sigmoid output ``z`` of a head; others unchanged."""
    if logits.shape[1] == 1:
        return torch.cat([torch.zeros_like(logits), logits], dim=1)
    return logits


def decided(model: nn.Module, logits: Tensor) -> Tensor:
    """Labels ``(B, *spatial)`` of logits, as mmseg decides.

    Args:
        model: A segmentor. A head with a single sigmoid output has a threshold of its own.
        logits: ``(B, C, *spatial)``; see :func:`two_classes`.
    """
    head = getattr(model, 'decode_head', None)
    head = head[-1] if isinstance(head, nn.ModuleList) else head
    if head is None or getattr(head, 'out_channels', None) != 1:
        return logits.argmax(1)
    return ((logits[:, 1] - logits[:, 0]).sigmoid() > head.threshold).long()


def refuse_mask_heads(heads: object) -> None:
    """Refuse configs of heads that predict masks, before their packages are asked for.

    Args:
        heads: ``decode_head`` of a model: a config, or a list of configs.

    Raises:
        ValueError: If one is in NO_SOFTMAX.
    """
    for head in heads if isinstance(heads, list | tuple) else [heads]:
        kind = head.get('type') if isinstance(head, dict) else None
        name = kind if isinstance(kind, str) else getattr(kind, '__name__', '')
        if name.rpartition('.')[2] in NO_SOFTMAX:
            raise ValueError(_refusal('model.decode_head', name))


def _refusal(field: str, name: str) -> str:
    return (
        f'{field}: {name} does not classify each pixel by a softmax; supported are the heads of '
        'mmseg that do, such as FCNHead or SegformerHead'
    )


def check_softmax(heads: Iterable[tuple[str, nn.Module]]) -> None:
    """Refuse heads without a distribution over the classes of a pixel.

    Args:
        heads: Field and head.

    Raises:
        ValueError: If a head predicts masks, or each class by a sigmoid of its own.
    """
    for field, head in heads:
        names = [kind.__name__ for kind in type(head).__mro__]
        if any(name in NO_SOFTMAX for name in names):
            raise ValueError(_refusal(field, type(head).__name__))
        losses = getattr(head, 'loss_decode', None)
        several = losses if isinstance(losses, nn.ModuleList) else [losses]
        sigmoid = any(getattr(loss, 'use_sigmoid', False) for loss in several if _is_bce(loss))
        if sigmoid and getattr(head, 'out_channels', None) != 1:
            raise ValueError(
                f'{field}.loss_decode: use_sigmoid=True with {head.out_channels} outputs makes '
                'every class a decision of its own; supported are a softmax over the classes '
                '(use_sigmoid=False) and, for two classes, out_channels=1'
            )


def _is_bce(loss: nn.Module | None) -> bool:
    return type(loss).__name__ == 'CrossEntropyLoss'
