"""A first step and a first validation on real samples before a run starts.

They change nothing: weights, statistics, counters and random states stay as they were. What
would end the run in its first step, or at its first validation hours later, ends it now.
"""

import copy
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from torch import nn

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.datasets.uda_sampler import seeded
from mmseg_maxsquare.models import UDAModel

from .errors import one_line
from .findings import Finding
from .image_sizes import Part, sizes_of

SIDE = 128  # pixels: a first step on small crops is quick for every network
LABELS = ('gt_sem_seg', 'gt_edge_map', 'filled')  # of a sample, moved with the image
# Reported by other checks, or by the run itself, with the name of the file.
OF_FILES = (BadFileError, OSError)


def check_first_step(model: nn.Module, parts: list[Part]) -> Iterator[Finding]:
    """The error that the losses of the first training batch end with, if any.

    Args:
        model: With its preprocessor.
        parts: The data sets of the run.
    """
    domains = {part.domain: part for part in parts if part.training and part.paths}
    if not domains or not hasattr(model, 'data_preprocessor'):
        return
    pair = isinstance(model, UDAModel)
    if not pair:  # a mixture of two domains is read like its source
        domains = {'': next(iter(domains.values()))}
    try:
        batches = {name: _batch(part) for name, part in domains.items()}
        with untouched(model):
            error = _attempt(model, batches, pair, small=True)
            if error is not None:  # perhaps only since the crops are small
                error = _attempt(model, batches, pair, small=False)
    except OF_FILES:
        return
    if error is not None:
        what = f'the losses of the first training batch cannot be computed: {told(error)}'
        remedy = 'correct the heads and losses of the model, or the pipeline of the data set'
        yield Finding('error', 'config: first step', 'model', what, remedy)


def check_first_validation(
    model: nn.Module, part: Part, evaluator: Any, metainfo: dict
) -> Iterator[Finding]:
    """The error that predicting and scoring one image ends with, if any.

    Args:
        model: With its preprocessor.
        part: The data set of a validation.
        evaluator: Config of the metrics.
        metainfo: Of the data set.
    """
    numbers = _smallest(part)
    if not numbers or not hasattr(model, 'val_step'):
        return
    where, remedy = 'model.test_cfg', 'correct it, or the heads of the model'
    try:
        with untouched(model), seeded(0):
            batch = pseudo_collate([part.load(numbers[0])])
            model.eval()
            with torch.no_grad():
                outputs = model.val_step(copy.deepcopy(batch))
            name = part.field.partition('_')[0]
            where, remedy = f'{name}_evaluator', 'correct its fields, or the pipeline of the data'
            metrics = Evaluator(copy.deepcopy(evaluator))
            metrics.dataset_meta = metainfo
            metrics.process(data_samples=outputs, data_batch=batch)
            metrics.evaluate(1)
    except OF_FILES:
        return
    except Exception as error:  # of any model or metric
        what = f'a validation of one image fails: {told(error)}'
        yield Finding('error', 'config: validation', where, what, remedy)


def told(error: BaseException) -> str:
    """An exception in one line, with the function of the stack that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if '/torch/' not in frame.filename.replace('\\', '/')]
    place = own[-1] if own else None
    return one_line(error) + (f' (in {Path(place.filename).name}, {place.name})' if place else '')


def metrics_of(cfg: Config, field: str) -> Any:
    """Config of the evaluator of a loader."""
    return cfg.get(f'{field.partition("_")[0]}_evaluator')


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Restore buffers, modes and random states of a model at the end; log nothing meanwhile."""
    modes = [(module, module.training) for module in model.modules()]
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with seeded(0), torch.random.fork_rng():
            yield
    finally:
        logger.setLevel(level)
        for buffer, before in buffers:
            buffer.copy_(before)
        for module, mode in modes:
            module.training = mode


def _smallest(part: Part) -> list[int]:
    """The number of the smallest image."""
    return list(sizes_of(part.paths).values())[:1] or [0] * bool(part.paths)


def _batch(part: Part) -> dict:
    numbers = _smallest(part) * min(part.batch_size, 2)
    with seeded(0):
        return pseudo_collate([part.load(number) for number in numbers])


def _attempt(
    model: nn.Module, batches: dict[str, dict], pair: bool, small: bool
) -> Exception | None:
    """Compute the losses of a batch; the exception if that fails."""
    batch = copy.deepcopy(batches)
    keys = ('inputs', 'data_samples')
    try:
        model.train()
        if pair:
            data = {key: {name: part[key] for name, part in batch.items()} for key in keys}
        else:
            data = batch['']
        data = model.data_preprocessor(data, True)
        if small:
            data = _cropped(data, pair)
        with torch.no_grad():
            losses = model(data['inputs'], data['data_samples'], mode='loss')
            model.parse_losses(losses)
            for domain in data['inputs'] if pair and model.methods.with_optimizer else ():
                model.methods.network_terms(domain)
    except OF_FILES:
        raise
    except Exception as error:  # of any model
        return error
    return None


def _cropped(data: dict, pair: bool) -> dict:
    if pair:
        parts = {
            name: _crop(data['inputs'][name], data['data_samples'][name]) for name in data['inputs']
        }
        return {
            'inputs': {name: part[0] for name, part in parts.items()},
            'data_samples': {name: part[1] for name, part in parts.items()},
        }
    inputs, samples = _crop(data['inputs'], data['data_samples'])
    return {'inputs': inputs, 'data_samples': samples}


def _crop(inputs: torch.Tensor, samples: list) -> tuple[torch.Tensor, list]:
    """The upper left corner of a batch, labels included."""
    size = tuple(min(SIDE, side) for side in inputs.shape[2:])
    for sample in samples or ():
        for key in LABELS:
            if key in sample:
                getattr(sample, key).data = getattr(sample, key).data[..., : size[0], : size[1]]
        sample.set_metainfo(dict(img_shape=size, pad_shape=size, padding_size=(0, 0, 0, 0)))
    return inputs[..., : size[0], : size[1]], samples
