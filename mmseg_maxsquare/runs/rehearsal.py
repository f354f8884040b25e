"""The first training step and the first validation, tried on a copy before the run.

Losses, optimizers, metrics and the inference of a model show their wrong fields only when they
are used: a metric hours after the start. The rehearsal leaves no trace in the run.
"""

import copy
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from mmseg.registry import EVALUATOR
from torch import nn

from mmseg_maxsquare.datasets.uda_sampler import seeded

from .copies import copy_of, unnoticed
from .domains import is_pair
from .errors import fact_and_remedy
from .findings import Finding
from .image_sizes import Part, sizes_of
from .optimizer import usable_wrapper
from .packed import fault_of_sample

SIDE = 128  # of the inputs that are tried first; the others only if these fail
WHOLE = 0  # stands for the id of what cannot be built
PAIR = 2  # images in a batch: batch norms after a global pooling need two


def rehearse(
    cfg: Config, model: nn.Module, parts: list[Part], metas: dict[str, dict]
) -> list[Finding]:
    """Errors of the first training step and of the first validation or test.

    Args:
        cfg: The config.
        model: With its preprocessor. It is copied.
        parts: The data sets of the run, without faults.
        metas: ``metainfo`` of the data sets by loader.
    """
    with unnoticed():
        return [*_first_step(cfg, model, parts), *_first_evaluations(cfg, model, parts, metas)]


def metas_of(runner: Runner, loops: tuple[str, ...]) -> dict[str, dict]:
    """``metainfo`` of the data sets of built loops, by loader."""
    built = {name: getattr(runner, f'{name}_loop') for name in loops}
    return {
        f'{name}_dataloader': getattr(loop.dataloader.dataset, 'metainfo', {})
        for name, loop in built.items()
        if loop is not None
    }


def _first_step(cfg: Config, model: nn.Module, parts: list[Part]) -> Iterator[Finding]:
    batch = _training_batch(cfg, [part for part in parts if part.training])
    if batch is not None and cfg.get('optim_wrapper'):
        yield from _try('training step', model, partial(_step, cfg, batch))


def _first_evaluations(
    cfg: Config, model: nn.Module, parts: list[Part], metas: dict[str, dict]
) -> Iterator[Finding]:
    first = {part.field: part for part in reversed(parts) if not part.training}
    for field, part in first.items():
        loop = field.removesuffix('_dataloader')
        sample, evaluator = _sample(part), cfg.get(f'{loop}_evaluator')
        if sample is None or not evaluator:
            continue
        if fault := _label_fault(model, evaluator, sample):
            yield Finding('error', 'config: pipeline', f'{part.where}.pipeline', *fault)
        else:
            run = partial(_evaluate, loop, evaluator, sample, metas.get(field))
            yield from _try('test' if loop == 'test' else 'validation', model, run)


def _training_batch(cfg: Config, parts: list[Part]) -> dict | None:
    """A batch as the loader gives it; None if it cannot be made here."""
    loader = cfg.get('train_dataloader') or {}
    if not parts or loader.get('collate_fn'):
        return None
    by_domain: dict[str, dict] = {}
    for part in parts:
        if part.domain not in by_domain:
            samples = [_sample(part, draw) for draw in range(min(part.batch_size, PAIR))]
            if None in samples:
                return None
            by_domain[part.domain] = pseudo_collate(samples)
    if '' in by_domain:
        return by_domain['']
    if not is_pair(loader['dataset']):  # a mixture for self-training
        return by_domain['source']
    keys = 'inputs', 'data_samples'
    return {key: {domain: batch[key] for domain, batch in by_domain.items()} for key in keys}


def _sample(part: Part, draw: int = 0) -> dict | None:
    """The smallest image; None if it cannot be read, which others report."""
    numbers = list(sizes_of(part.paths).values())[:1] or [0] * bool(part.paths)
    for number in numbers:
        with suppress(Exception), seeded(draw):
            sample = part.load(number)
            if isinstance(sample, dict) and {'inputs', 'data_samples'} <= set(sample):
                return sample
    return None


def _label_fault(model: nn.Module, evaluator: Any, sample: dict) -> tuple[str, str] | None:
    """What a segmentation is scored with, unless predictions are only written."""
    segments = hasattr(getattr(model, 'module', model), 'decode_head')
    if not segments or all(metric.get('format_only') for metric in _metrics(evaluator)):
        return None
    return fault_of_sample(sample['data_samples'], evaluated=True, of_images=False)


def _metrics(evaluator: Any) -> list[dict]:
    """Configs of the metrics of an evaluator."""
    if isinstance(evaluator, dict):
        evaluator = evaluator.get('metrics', evaluator)
    return list(evaluator) if isinstance(evaluator, list | tuple) else [evaluator]


def _try(what: str, model: nn.Module, run: Callable) -> Iterator[Finding]:
    """The error of a run on cropped images, if whole ones end in an error, too."""
    for side in (SIDE, None):
        fields: dict[int, str] = {}
        try:
            run(copy_of(model, side, fields), fields)
            return
        except torch.cuda.OutOfMemoryError:
            return
        except Exception as error:  # a config can hold anything
            if sys.flags.dev_mode and side is None:
                raise
            found = error
    where = _culprit(found, fields)
    fact, remedy = fact_and_remedy(found, f'correct the fields of {where}')
    message = f'the first {what} fails: {fact.rstrip(".")}'
    yield Finding('error', f'config: first {what}', where, message, remedy)


def _step(cfg: Config, batch: dict, model: nn.Module, fields: dict[int, str]) -> None:
    """One whole step, with the update of the weights."""
    config = usable_wrapper(cfg.optim_wrapper)
    config.pop('accumulative_counts', None)  # only the last of several steps is an update
    wrapper = build_optim_wrapper(model, config)
    fields[id(wrapper)] = 'optim_wrapper'
    for part in wrapper.values() if hasattr(wrapper, 'optim_wrappers') else [wrapper]:
        fields[id(part)], fields[id(part.optimizer)] = 'optim_wrapper', 'optim_wrapper.optimizer'
    model.train()
    model.train_step(copy.deepcopy(batch), wrapper)


def _evaluate(
    loop: str,
    config: Any,
    sample: dict,
    meta: dict | None,
    model: nn.Module,
    fields: dict[int, str],
) -> None:
    """A validation of one image."""
    fields[WHOLE] = f'{loop}_evaluator'
    with tempfile.TemporaryDirectory() as folder:
        evaluator = _evaluator(config, folder)
        evaluator.dataset_meta = meta
        for metric in (evaluator, *evaluator.metrics):
            fields[id(metric)] = f'{loop}_evaluator'
        batch = pseudo_collate([copy.deepcopy(sample)])
        model.eval()
        with torch.no_grad():
            step = model.test_step if loop == 'test' else model.val_step
            evaluator.process(data_samples=step(batch), data_batch=batch)
        evaluator.evaluate(1)


def _evaluator(config: Any, folder: str) -> Evaluator:
    """As the runner builds it, but it writes to another folder."""
    config = copy.deepcopy(config)
    for metric in _metrics(config):
        if metric.get('output_dir') is not None:
            metric['output_dir'] = folder
        # A list of images, of which one is evaluated here.
        lists = [key for key, value in (metric.get('subsets') or {}).items() if type(value) is str]
        for key in lists:
            del metric['subsets'][key]
    if isinstance(config, dict) and 'metrics' in config:
        return EVALUATOR.build({'type': 'Evaluator', **config})
    return Evaluator(config)


def _culprit(error: BaseException, fields: dict[int, str]) -> str:
    """Field of the innermost part in which an exception arose."""
    found, trace = fields.get(WHOLE, 'model'), error.__traceback__
    while trace is not None:
        found = fields.get(id(trace.tb_frame.f_locals.get('self')), found)
        trace = trace.tb_next
    return found
