"""Runs one sample of each domain through its whole pipeline, as in training."""

from typing import Any

from torch import nn

from mmseg_maxsquare.models import UDADataPreprocessor
from mmseg_maxsquare.runs.domains import Domain
from mmseg_maxsquare.runs.errors import one_line
from mmseg_maxsquare.runs.findings import Finding

from .survey import Survey


def check_sample(domain: Domain, survey: Survey) -> dict | None:
    """Run the pipeline on the first item that can be read.

    Returns:
        The result, ``inputs`` and ``data_samples``; None if there is none.
    """
    usable = [i for i in survey.chosen if not domain.reads_labels or 'seg_map_path' in i]
    broken = {finding.where for finding in domain.findings if finding.level == 'error'}
    usable = [i for i in usable if not broken & {i['img_path'], i.get('seg_map_path')}]
    if not usable:
        return None
    where = f'{domain.field}.pipeline'
    try:
        sample = domain.built.pipeline(dict(usable[0], seg_fields=[], sample_idx=0))
    except Exception as error:  # of any transform
        what = f'fails on {usable[0]["img_path"]}: {one_line(error)}'
        domain.add('error', 'pipeline', where, what, 'correct the steps of this pipeline')
        return None
    if not isinstance(sample, dict) or not {'inputs', 'data_samples'} <= set(sample):
        found = sorted(sample) if isinstance(sample, dict) else type(sample).__name__
        what = f'gives {found} instead of inputs and data_samples'
        domain.add('error', 'pipeline', where, what, "end it with dict(type='PackSegInputs')")
        return None
    if domain.needs_labels:
        _check_label(domain, where, sample['data_samples'])
    return sample


def _check_label(domain: Domain, where: str, sample: Any) -> None:
    first = sample[0] if isinstance(sample, list | tuple) else sample
    label, remedy = 'gt_sem_seg', "add dict(type='LoadAnnotations')"
    if domain.has_class_labels:
        label, remedy = 'gt_label', "end it with dict(type='PackClassInputs')"
    if label not in first:
        what = 'gives no labels, which this domain needs'
        domain.add('error', 'pipeline', where, what, remedy)
        return
    if domain.has_class_labels:
        return
    shape, original = tuple(first.gt_sem_seg.shape), first.metainfo.get('ori_shape')
    # In evaluation, logits are upsampled to ori_shape and compared with the label.
    if domain.role in ('val', 'test') and original and shape != tuple(original[:2]):
        domain.add(
            'error',
            'pipeline',
            where,
            f'gives labels of size {shape} for predictions of size {tuple(original[:2])}',
            'put LoadAnnotations after Resize in test pipelines',
        )


def check_batch(
    domains: list[Domain], samples: dict[str, dict | None], model: nn.Module
) -> list[Finding]:
    """The model's preprocessor takes a training batch of one image of each domain."""
    training = [domain for domain in domains if domain.in_training]
    parts = {d.role: part for d in training if (part := samples.get(d.name))}
    batch: dict[str, Any]
    if isinstance(model.data_preprocessor, UDADataPreprocessor):
        if 'target' not in parts:
            return []
        names = ('inputs', 'data_samples')
        batch = {n: {role: [part[n]] for role, part in parts.items()} for n in names}
    elif set(parts) == {'train'}:
        batch = {name: [parts['train'][name]] for name in ('inputs', 'data_samples')}
    else:
        return []
    try:
        model.data_preprocessor(batch, True)
    except Exception as error:  # of any preprocessor
        where, remedy = 'model.data_preprocessor', 'correct its fields, or the crop of the pipeline'
        what = f'fails on a training batch: {one_line(error)}'
        return [Finding('error', 'config: model', where, what, remedy)]
    return []
