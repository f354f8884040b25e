"""Checks that the classes and metrics that the config asks the evaluators for exist."""

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS

from mmseg_maxsquare.evaluation import ClassAccuracyMetric, SubsetIoUMetric

from .domains import Domain
from .errors import some
from .findings import Finding, config_error


def check_scoring(cfg: Config, domains: list[Domain]) -> Iterator[Finding]:
    """Check the subsets and the metric that selects the best checkpoint."""
    yield from _check_subsets(cfg, domains)
    yield from _check_save_best(cfg, domains)


def _check_subsets(cfg: Config, domains: list[Domain]) -> Iterator[Finding]:
    """The subsets name classes of the data set."""
    for loop in ('val', 'test'):
        same = [d for d in domains if d.role == loop] or [d for d in domains if d.role == 'val']
        known = same[0].classes if same else None
        evaluators = cfg.get(f'{loop}_evaluator') or []
        several = isinstance(evaluators, list | tuple)
        for i, evaluator in enumerate(evaluators if several else [evaluators]):
            place = f'{loop}_evaluator' + (f'.{i}' if several else '')
            for name, classes in _subsets(evaluator).items():
                if isinstance(classes, str):  # a list of images, which the metric reads itself
                    continue
                unknown = sorted(set(classes) - set(known)) if known else []
                if unknown or not classes:
                    yield config_error(
                        'evaluator',
                        f'{place}.subsets.{name}',
                        f'names {unknown or "no class"}; the data set has {known}',
                        'name classes of the data set, or leave the subset out',
                    )


def _check_save_best(cfg: Config, domains: list[Domain]) -> Iterator[Finding]:
    """The best checkpoint is selected by a metric that the validation returns."""
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    best = hook.get('save_best')
    classes = next((d.classes for d in domains if d.role == 'val' and d.classes), None)
    known = _metrics(cfg.get('val_evaluator'), classes)
    if not best or known is None:
        return
    of_classes = [metric for metric in known if _is_of_class(metric)]
    others = [metric for metric in known if not _is_of_class(metric)]
    for name in [best] if isinstance(best, str) else best:
        # Without a class list, any class name may be valid.
        fits = name in known or (classes is None and _is_of_class(str(name)))
        if name != 'auto' and not fits:
            yield config_error(
                'checkpoints',
                'default_hooks.checkpoint.save_best',
                f'no metric {name}; available: {", ".join(others)}'
                + (f', and by class {some(of_classes, 3)}' if of_classes else ''),
                'name one of these, or leave save_best out',
            )


def _is_of_class(metric: str) -> bool:
    return 'IoU.' in metric or 'Acc.' in metric


def _metrics(evaluators: Any, classes: list[str] | None) -> list[str] | None:
    """Names of the metrics that evaluators return; None if they are not known."""
    names = []
    for evaluator in evaluators if isinstance(evaluators, list | tuple) else [evaluators]:
        kind = _class_of(evaluator)
        if kind is ClassAccuracyMetric:
            own = ['aAcc', 'mAcc', *_subsets(evaluator), *(f'Acc.{name}' for name in classes or ())]
        elif kind in (IoUMetric, SubsetIoUMetric):
            if set(evaluator.get('iou_metrics') or ['mIoU']) != {'mIoU'}:
                return None
            own = ['aAcc', 'mIoU', 'mAcc']
            if kind is SubsetIoUMetric:
                own += [*_subsets(evaluator), *(f'IoU.{name}' for name in classes or ())]
        else:
            return None
        prefix = f'{evaluator["prefix"]}/' if evaluator.get('prefix') else ''
        names += [prefix + name for name in own]
    return names


def _class_of(evaluator: object) -> type | None:
    kind = evaluator.get('type') if isinstance(evaluator, dict) else None
    return METRICS.get(kind) if isinstance(kind, str) else kind


def _subsets(evaluator: dict) -> dict:
    return evaluator.get('subsets') or {}
