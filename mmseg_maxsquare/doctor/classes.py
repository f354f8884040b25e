"""Checks of a domain's labels by their pixel counts, and the histogram."""

import numpy as np

from mmseg_maxsquare.datasets.cityscapes import CITYSCAPES_IDS
from mmseg_maxsquare.datasets.loading import IGNORE
from mmseg_maxsquare.runs.domains import Domain
from mmseg_maxsquare.runs.errors import some
from mmseg_maxsquare.runs.label_values import advice, foreground_is_ignored

from .survey import Survey

TRAIN_IDS = 19


def check_classes(domain: Domain, survey: Survey) -> None:
    """Classes that never occur, and implausible labels."""
    classes = domain.classes
    if not survey.labels or not classes:
        return
    pixels = survey.pixels[: len(classes)]
    of = f'in the {survey.labels} labels that were read'
    if not pixels.any():
        domain.add(
            'error',
            'every label pixel is ignored',
            domain.prefix('seg_map_path') or domain.field,
            f'no pixel {of} has one of the {len(classes)} classes; values in the files: '
            f'{np.flatnonzero(survey.ids).tolist()[:20]}',
            'take the label files that this data set class expects, or correct its classes',
        )
    elif foreground_is_ignored(np.flatnonzero(survey.ids).tolist(), classes):
        where = domain.prefix('seg_map_path') or domain.field
        domain.add('error', 'masks of 0 and 255', where, *advice(survey.labels, classes))
    elif level := _train_ids(survey):
        domain.add(
            level,
            'train ids instead of label ids',
            domain.prefix('seg_map_path') or domain.field,
            f'the files hold the values {np.flatnonzero(survey.ids).tolist()[:20]}, which look '
            'like train ids (0..18 and 255); label ids (7 is road, 26 is car) are expected, so '
            'nearly all would be ignored or taken for another class',
            'take the original label files (*_labelIds.png, or as published)',
        )
    else:
        _check_absent(domain, classes, survey, of)


def _check_absent(domain: Domain, classes: list[str], survey: Survey, of: str) -> None:
    table = survey.label_map
    possible = set(table.values()) if table else set(range(len(classes)))
    absent = np.flatnonzero(survey.pixels[: len(classes)] == 0).tolist()
    for level, kind, chosen, why in (
        ('note', 'classes that the data set does not have', set(absent) - possible, 'by its table'),
        ('warning', 'classes that never occur', set(absent) & possible, of),
    ):
        if chosen:
            names = some((classes[i] for i in sorted(chosen)), 19)
            what = f'{names}: no pixel {why}'
            remedy = (
                'their IoU is 0 or undefined; leave them out with subsets of the evaluator'
                if domain.role in ('val', 'test')
                else 'they cannot be learned from these labels; is the copy complete?'
            )
            domain.add(level, kind, domain.field, what, remedy if level == 'warning' else '')


def _train_ids(survey: Survey) -> str | None:
    """Level of the finding that files of Cityscapes' label ids seem to hold train ids.

    No street has many pixels below 7 (as label ids: unlabelled, static, ground ...) and
    none of 19..33 (lights, vegetation, sky, cars ...).
    """
    if survey.label_map is None or not set(CITYSCAPES_IDS) <= set(survey.label_map):
        return None
    low = survey.ids[:7]
    if survey.ids[TRAIN_IDS:IGNORE].any() or low.sum() <= 0.3 * survey.ids[:IGNORE].sum():
        return None
    return 'error' if np.count_nonzero(low) > 2 else 'warning'


def histogram(domains: dict[str, Survey], classes: dict[str, list[str]]) -> list[str]:
    """Lines of a table: percent of the labelled pixels by class and domain."""
    names = list(dict.fromkeys(name for domain in domains for name in classes[domain]))
    width = max([len(name) for name in names] + [12])
    shares = {d: _shares(survey, classes[d]) for d, survey in domains.items()}
    rows = [' ' * width + ''.join(f'{d:>12}' for d in domains)]
    for name in names:
        cells = (_percent(shares[d].get(name)) for d in domains)
        rows.append(f'{name:<{width}}' + ''.join(f'{cell:>12}' for cell in cells))
    ignored = ((d, s.pixels[IGNORE] / max(s.ids.sum(), 1)) for d, s in domains.items())
    rows.append(
        f'{"(ignored)":<{width}}' + ''.join(f'{_percent(share):>12}' for _, share in ignored)
    )
    return rows


def _shares(survey: Survey, classes: list[str]) -> dict[str, float]:
    """Share of each class in the pixels that have a class."""
    pixels = survey.pixels[: len(classes)]
    return dict(zip(classes, pixels / max(pixels.sum(), 1), strict=True))


def _percent(share: float | None) -> str:
    if share is None:
        return '-'  # the domain has no such class
    if share == 0:
        return 'never'
    return '<0.01' if share < 1e-4 else f'{100 * share:.2f}'
