"""Runs one sample of each domain through its whole pipeline, as in training."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from mmengine.config import Config

from mmseg_maxsquare.runs.domains import LOADERS, Domain, rotates_labels_to_zero
from mmseg_maxsquare.runs.errors import one_line
from mmseg_maxsquare.runs.findings import Finding
from mmseg_maxsquare.runs.image_sizes import Part
from mmseg_maxsquare.runs.packed import fault_of_sample

from .survey import Survey


def check_sample(domain: Domain, survey: Survey) -> dict | None:
    """Run the pipeline on the first item that can be read.

    Returns:
        The result, ``inputs`` and ``data_samples``; None if there is none, or if the pipeline of
        a wrapper makes it (see :mod:`.wrappers`).
    """
    usable = usable_items(domain, survey)
    if not usable:
        return None
    where = f'{domain.field}.pipeline'
    try:
        sample = domain.built.pipeline(dict(usable[0], seg_fields=[], sample_idx=0))
    except Exception as error:  # of any transform
        what = f'fails on {usable[0]["img_path"]}: {one_line(error)}'
        domain.add('error', 'pipeline', where, what, 'correct the steps of this pipeline')
        return None
    if rotates_labels_to_zero(domain):
        first = (domain.classes or ['a class'])[0]
        what = f'RandomRotFlip makes labels of filled pixels 0, which is {first!r}'
        domain.add('warning', 'pipeline', where, what, 'use RandomRotate and RandomFlip instead')
    return sample if not domain.mixed and is_packed(domain, where, sample) else None


def is_packed(domain: Domain, where: str, sample: Any) -> bool:
    """Whether a result is what a model takes; else there is an error.

    Args:
        domain: Gets the errors, also those of the labels.
        where: Field of the pipeline.
        sample: Its result.
    """
    if not isinstance(sample, dict) or not {'inputs', 'data_samples'} <= set(sample):
        found = sorted(sample) if isinstance(sample, dict) else type(sample).__name__
        what = f'gives {found} instead of inputs and data_samples'
        domain.add('error', 'pipeline', where, what, "end it with dict(type='PackSegInputs')")
        return False
    if domain.needs_labels:
        evaluated = not domain.in_training
        fault = fault_of_sample(sample['data_samples'], evaluated, domain.has_class_labels)
        if fault:
            domain.add('error', 'pipeline', where, *fault)
    return True


def usable_items(domain: Domain, survey: Survey) -> list[dict]:
    """Items that were read and have no error."""
    usable = [i for i in survey.chosen if not domain.reads_labels or 'seg_map_path' in i]
    broken = {finding.where for finding in domain.findings if finding.level == 'error'}
    return [i for i in usable if not broken & {i['img_path'], i.get('seg_map_path')}]


def check_batches(
    cfg: Config, domains: list[Domain], surveys: dict[str, Survey]
) -> Iterator[Finding]:
    """Loaders that leave out their only batch, since it is not full; selections of too many."""
    for field in LOADERS:
        loader = cfg.get(field) or {}
        size = _batch_size(cfg, field)
        images: Counter[str] = Counter()
        for domain in domains:
            if domain.field.startswith(field) and domain.name in surveys:
                images[domain.role] += domain.times * len(surveys[domain.name].items)
        count = max(images.values(), default=size)  # a pair data set has the longer length
        if loader.get('drop_last') and count < size:
            what = f'{count} images give no batch of {size}'
            remedy = f'set {field}.drop_last=False, or a smaller batch_size'
            yield Finding('error', 'config: batches', field, what, remedy)
        select = (cfg.get('train_cfg') or {}).get('select')
        if field == 'train_dataloader' and isinstance(select, int) and select > images['target']:
            what = f'{select} images, but the target has {images["target"]}'
            remedy = 'choose fewer, or leave it out for all'
            yield Finding('error', 'config: loop', 'train_cfg.select', what, remedy)


def parts_of(
    cfg: Config, domains: list[Domain], surveys: dict[str, Survey], samples: dict[str, dict | None]
) -> list[Part]:
    """The data sets whose pipelines work, as the loaders read them.

    Args:
        cfg: The config.
        domains: Its data sets.
        surveys: Their items.
        samples: Results of :func:`check_sample`.
    """
    parts = []
    for domain in domains:
        if samples.get(domain.name) is None:
            continue
        field = domain.field.partition('.')[0]
        items = usable_items(domain, surveys[domain.name])
        parts.append(
            Part(
                field,
                domain.role if domain.role in ('source', 'target') else '',
                [item['img_path'] for item in items],
                partial(_load, domain, items),
                _batch_size(cfg, field),
                domain.in_training,
            )
        )
    return parts


def _batch_size(cfg: Config, field: str) -> int:
    """Of a loader; a value of another kind is reported elsewhere."""
    size = (cfg.get(field) or {}).get('batch_size', 1)
    return size if isinstance(size, int) else 1


def _load(domain: Domain, items: list[dict], number: int) -> dict:
    """Result of the pipeline."""
    return domain.built.pipeline(dict(items[number], seg_fields=[], sample_idx=0))
