"""Runs a network on the shapes of its inputs.

The ``meta`` device has tensors with shapes and no values: a forward pass takes no time,
whatever the size, and fails where a real one would.
"""

import copy
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import torch
from torch import nn

from .errors import one_line
from .findings import Finding

ONE_VALUE = 'Expected more than 1 value per channel'
LARGE = 512  # pixels of a side with which every network has maps, not single values
HEADS = ('decode_head', 'auxiliary_head', 'classifier')


def without_values(model: nn.Module) -> nn.Module | None:
    """A copy of a model whose tensors have shapes and no values; None if it has no heads."""
    if not hasattr(model, 'extract_feat') or not any(hasattr(model, name) for name in HEADS):
        return None
    anchor = getattr(model, 'anchor', None)
    # The anchor holds a whole second model, which sees the same sizes.
    return copy.deepcopy(model, {} if anchor is None else {id(anchor): None}).to('meta')


def try_network(
    model: nn.Module, shape: tuple[int, ...], loader: str, dataset: str
) -> Iterator[Finding]:
    """Run an input of a shape through backbone and heads.

    Args:
        model: From :func:`without_values`, in training or evaluation mode.
        shape: ``(B, 3, H, W)``.
        loader: Field of the loader that gives such inputs.
        dataset: Field of its data set.
    """
    image = torch.empty(shape, device='meta')
    with torch.no_grad(), suppress(Unknown):  # such a network is not tried
        where, features = 'model.backbone', None
        try:
            features = model.extract_feat(image)
            for stage, heads in _stages(model):
                where, output = stage, None
                for head in heads:
                    output = head(features) if output is None else head(features, output)
        except Exception as error:  # of any network
            if 'meta' in str(error) or isinstance(error, NotImplementedError):
                raise Unknown from error
            if ONE_VALUE in str(error) and not _fails_alike(model, shape):
                yield _too_small(shape, dataset)
                return
            yield _failure(where, shape, features, loader, dataset, error)


def _fails_alike(model: nn.Module, shape: tuple[int, ...]) -> bool:
    """Whether larger images, too, come down to one value of each channel."""
    found = try_network(model, (*shape[:2], LARGE, LARGE), 'loader', 'dataset')
    return min(shape[2:]) >= LARGE or any(finding.where.startswith('loader') for finding in found)


def _too_small(shape: tuple[int, ...], dataset: str) -> Finding:
    what = f'gives images of {tuple(shape[2:])} (height, width), which are too small: a batch norm '
    what += 'gets one value of each channel'
    remedy = 'leave such images out, or resize them'
    return Finding('error', 'config: sizes', f'{dataset}.pipeline', what, remedy)


class Unknown(Exception):
    """An operation that needs values."""


def _stages(model: nn.Module) -> Iterator[tuple[str, list[nn.Module]]]:
    """Fields of heads, each with the heads that build on one another."""
    for name in HEADS:
        found = getattr(model, name, None)
        if found is None or (name == 'auxiliary_head' and not model.training):
            continue
        if not isinstance(found, nn.ModuleList):
            yield f'model.{name}', [found]
        elif name == 'decode_head':
            yield 'model.decode_head', list(found)
        else:
            yield from ((f'model.{name}.{i}', [head]) for i, head in enumerate(found))


def _failure(
    where: str,
    shape: tuple[int, ...],
    features: Any,
    loader: str,
    dataset: str,
    error: Exception,
) -> Finding:
    count, size = shape[0], tuple(shape[2:])
    text = one_line(error)
    if ONE_VALUE in text:
        what = (
            f'{count}, but a batch norm of {where} follows a global pooling and gets one value of '
            'each channel'
        )
        remedy = f'set {loader}.batch_size=2 or more'
        return Finding('error', 'config: sizes', f'{loader}.batch_size', what, remedy)
    what = f'fails on an input of {size} (height, width) from {dataset}: {text}'
    if features is not None:
        maps = features if isinstance(features, list | tuple) else [features]
        what += f'; the backbone gives {[tuple(m.shape[1:]) for m in maps]} (channels, size)'
    remedy = (
        'if channels differ, correct in_channels and in_index; if sizes differ, resize or pad the '
        'images to a size that the network divides (Resize, data_preprocessor.size_divisor, in '
        'tests data_preprocessor.test_cfg=dict(size_divisor=32))'
    )
    return Finding('error', 'config: model', where, what, remedy)
