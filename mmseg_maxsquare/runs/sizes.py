"""The sizes of the images that a run will see: whether they fit in a batch and in the network."""

import copy
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import torch
from mmengine.runner import Runner
from mmengine.structures import PixelData
from torch import Tensor, nn

from mmseg_maxsquare.engine.sample_stream import SeededDataset

from .errors import one_line, some
from .findings import Finding
from .image_sizes import (
    Part,
    PipelineError,
    Size,
    evenly,
    keeps_sizes,
    load_samples,
    sizes_of,
)
from .shapes import try_network, without_values

TRIED = 200  # different sizes that are tried in the network where the pipeline keeps them


def check_sizes(model: nn.Module, parts: list[Part]) -> Iterator[Finding]:
    """Errors that some sizes, or the batch size, would end the run with.

    Args:
        model: With its preprocessor.
        parts: The data sets of the run.

    Raises:
        BadFileError: If an image or label cannot be used; the message names it.
        OSError: If it cannot be read.
    """
    shapes_only = without_values(model)
    said: set[tuple[str, str]] = set()  # one model has one fault, whatever it is shown
    for part in parts:
        sizes, batches = sizes_of(part.paths), []
        try:
            samples = load_samples(part, sizes)
        except PipelineError as error:
            yield _unusable(part, *error.args)
            continue
        for finding, batch in _batches(model, part, samples):
            if finding is not None:
                yield finding
                break
            batches.append(batch)
        yield from _too_small(model, part, batches)
        if shapes_only is not None:
            if keeps_sizes(samples, sizes):
                batches += _unloaded(shapes_only, part, samples[0], sizes)
            yield from _try_all(shapes_only, part, batches, said)


def parts_of(runner: Runner, loops: tuple[str, ...]) -> Iterator[Part]:
    """The data sets of the built loops of a runner."""
    for name in loops:
        loop = getattr(runner, f'{name}_loop')
        if loop is None:
            continue
        dataset, sampler = loop.dataloader.dataset, loop.dataloader.batch_sampler
        size = getattr(sampler, 'batch_size', None) or loop.dataloader.batch_size or 1
        if isinstance(dataset, SeededDataset):
            dataset = dataset.dataset
        domains = getattr(dataset, 'domains', {'': dataset})
        for domain, part in domains.items():
            if not hasattr(part, 'get_data_info'):
                continue
            paths = [part.get_data_info(i).get('img_path', '') for i in range(len(part))]
            field = f'{name}_dataloader'
            yield Part(field, domain, paths, part.__getitem__, size, name == 'train')


def _unusable(part: Part, path: str, error: Exception) -> Finding:
    what = f'fails on {path or "the first sample"}: {one_line(error)}'
    remedy = 'correct the steps of this pipeline, or this file'
    return Finding('error', 'config: pipeline', f'{part.where}.pipeline', what, remedy)


def _batches(
    model: nn.Module, part: Part, samples: list[dict]
) -> Iterator[tuple[Finding | None, tuple[int, ...] | None]]:
    """Shapes of the network's inputs, or the error of the preprocessor."""
    groups = [[sample] for sample in samples]
    if part.batch_size > 1 and len(samples) > 1:
        groups = [samples]
    for group in groups:
        try:
            inputs = preprocess(model, part, group)
        except Exception as error:  # of any preprocessor
            yield _misfit(part, group, error), None
            return
        if isinstance(inputs, Tensor) and inputs.ndim == 4:
            yield None, (part.batch_size, *inputs.shape[1:])


def _unloaded(
    model: nn.Module, part: Part, sample: dict, sizes: dict[Size, int]
) -> Iterator[tuple[int, ...]]:
    """Shapes of batches of images that are not loaded.

    Args:
        model: From :func:`without_values`.
        part: A data set whose pipeline keeps sizes.
        sample: A result of its pipeline.
        sizes: Of its images.
    """
    every = list(sizes)
    for width, height in (every[i] for i in evenly(len(every), TRIED)):
        empty = torch.empty((3, height, width), device='meta')
        labels = type(sample['data_samples'])()
        if 'gt_sem_seg' in sample['data_samples']:
            labels.gt_sem_seg = PixelData(data=empty[:1])
        other = dict(inputs=empty, data_samples=labels)
        with suppress(Exception):  # a preprocessor that needs values, or the labels
            yield (part.batch_size, *preprocess(model, part, [other]).shape[1:])


def preprocess(model: nn.Module, part: Part, samples: list[dict]) -> Any:
    """A batch of samples as the network gets it."""
    batch: dict[str, Any] = {
        key: [copy.deepcopy(sample[key]) for sample in samples]
        for key in ('inputs', 'data_samples')
    }
    return model.data_preprocessor(batch, part.training)['inputs']


def _misfit(part: Part, samples: list[dict], error: Exception) -> Finding:
    shapes = sorted({tuple(sample['inputs'].shape[1:]) for sample in samples})
    if len(shapes) < 2:
        remedy = 'correct its fields, or the crop of the pipeline'
        what = f'fails on a {"training batch" if part.training else "batch"} of {part.where}: '
        what += one_line(error)
        return Finding('error', 'config: sizes', 'model.data_preprocessor', what, remedy)
    what = (
        f'{part.batch_size}, but the pipeline gives images of several sizes (height, width), '
        f'{some(shapes, 3)}, which do not fit in one batch'
    )
    remedy = f'set {part.field}.batch_size=1'
    if part.training:
        remedy = f'crop or resize the images of {part.where} to one size, or {remedy}'
    return Finding('error', 'config: sizes', f'{part.field}.batch_size', what, remedy)


def _try_all(
    model: nn.Module, part: Part, shapes: list, said: set[tuple[str, str]]
) -> Iterator[Finding]:
    """Errors of backbone and heads on inputs of some shapes, each kind once."""
    model.train(part.training)
    for shape in dict.fromkeys(shape for shape in shapes if shape is not None):
        for finding in try_network(model, _window(model, part, shape), part.field, part.where):
            if (finding.where, finding.remedy) not in said:
                said.add((finding.where, finding.remedy))
                yield finding


def _too_small(model: nn.Module, part: Part, shapes: list) -> Iterator[Finding]:
    """Training images on which a network of a method has no output."""
    for method in getattr(model, 'methods', ()) if part.training else ():
        least = method.smallest_side
        for height, width in (shape[2:] for shape in shapes if shape is not None):
            if min(height, width) < least:
                what = f'gives images of {width}x{height} pixels, but the discriminator of '
                what += f'{type(method).__name__} needs at least {least}x{least}'
                remedy = 'use larger images or crops'
                yield Finding('error', 'config: sizes', f'{part.where}.pipeline', what, remedy)
                return


def _window(model: nn.Module, part: Part, shape: tuple[int, ...]) -> tuple[int, ...]:
    """What the network sees of an input at a time."""
    test = getattr(model, 'test_cfg', None) or {}
    if part.training or test.get('mode') != 'slide':
        return shape
    height, width = test['crop_size']
    return (*shape[:2], min(height, shape[2]), min(width, shape[3]))
