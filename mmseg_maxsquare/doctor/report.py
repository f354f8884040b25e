"""The report: short on the terminal, complete in the file."""

from collections import Counter

from mmseg_maxsquare.runs.domains import Domain
from mmseg_maxsquare.runs.findings import Finding, by_kind, count

from .classes import histogram
from .survey import Survey

SHOWN = 10  # findings shown per kind on the terminal


def describe_domains(domains: list[Domain], surveys: dict[str, Survey]) -> list[str]:
    """A summary of each domain, and the class histogram of the labelled ones."""
    lines = []
    for domain in domains:
        lines += [f'{domain.name} ({domain.field})', *_describe(domain, surveys.get(domain.name))]
    labelled = {
        domain.name: surveys[domain.name]
        for domain in domains
        if domain.name in surveys and surveys[domain.name].labels and domain.classes
    }
    if labelled:
        classes = {d.name: d.classes for d in domains if d.classes and d.name in labelled}
        title = 'labelled pixels by class in percent (ignored: of all pixels)'
        lines += ['', title, *(f'  {line}' for line in histogram(labelled, classes))]
    return lines


def _describe(domain: Domain, survey: Survey | None) -> list[str]:
    kind = domain.cfg.get('type')
    name = kind if isinstance(kind, str) else getattr(kind, '__name__', kind)
    folder = domain.prefix('img_path') or domain.cfg.get('data_root')
    lines = [f'  {name}, images in {folder}' if folder else f'  {name}']
    if survey is None:
        return [*lines, '  not read, see the errors']
    labels = _labels(domain, survey)
    lines.append(f'  {len(survey.items)} images, {labels}; {len(survey.chosen)} read')
    sizes = Counter({f'{w} x {h}': n for (w, h), n in survey.sizes.items()})
    for title, counts in (
        ('sizes', sizes),
        ('images', survey.image_kinds),
        ('labels', survey.label_kinds),
    ):
        if counts:
            common = ', '.join(f'{value}: {n}' for value, n in counts.most_common(4))
            more = f' and {len(counts) - 4} others' if len(counts) > 4 else ''
            lines.append(f'  {title}: {common}{more}')
    return lines


def _labels(domain: Domain, survey: Survey) -> str:
    if domain.has_class_labels:
        of_class = Counter(item['gt_label'] for item in survey.items).values()
        few, many = min(of_class, default=0), max(of_class, default=0)
        share = few if few == many else f'{few} to {many}'
        return f'{len(of_class)} classes, {share} of each'
    if not domain.reads_labels:
        return 'labels not read'
    return f'{sum("seg_map_path" in item for item in survey.items)} with label'


def describe_findings(findings: list[Finding], limit: int | None = None) -> list[str]:
    """Findings by kind, errors first.

    Args:
        findings: What was found.
        limit: Maximum number shown per kind. Defaults to None, all.
    """
    lines = []
    for group in by_kind(findings):
        first = group[0]
        number = f' ({len(group)})' if len(group) > 1 else ''
        lines.append(f'{first.level.upper()} {first.kind}{number}')
        lines += [f'  {finding.where}: {finding.what}' for finding in group[:limit]]
        if limit is not None and len(group) > limit:
            lines.append(f'  ... and {len(group) - limit} more, see the report file')
        if first.remedy:
            lines.append(f'  -> {first.remedy}')
    return lines


def summary(findings: list[Finding]) -> str:
    """``'2 errors, 1 warning'``."""
    numbers = ((count(findings, level), level) for level in ('error', 'warning'))
    return ', '.join(f'{n} {level}{"" if n == 1 else "s"}' for n, level in numbers)
