"""Findings of the checks: a fact and a remedy for every file or field."""

from collections.abc import Iterable
from dataclasses import dataclass

from .errors import fail

LEVELS = ('error', 'warning', 'note')


@dataclass(frozen=True)
class Finding:
    """One problem, or one fact worth knowing.

    Attributes:
        level: ``'error'`` (the run would fail or learn from wrong data), ``'warning'``
            or ``'note'``.
        kind: Heading shared by findings of one kind, such as ``'source: damaged images'``.
        where: The file or config field.
        what: What was found there, and what was expected.
        remedy: How to fix it.
    """

    level: str
    kind: str
    where: str
    what: str
    remedy: str = ''


def config_error(kind: str, where: str, what: str, remedy: str) -> Finding:
    """An error in a config field."""
    return Finding('error', f'config: {kind}', where, what, remedy)


def count(findings: Iterable[Finding], level: str) -> int:
    """Number of findings of a level."""
    return sum(finding.level == level for finding in findings)


def by_kind(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Findings grouped by level, kind and remedy, errors first."""
    groups: dict[tuple, list[Finding]] = {}
    for finding in findings:
        key = (LEVELS.index(finding.level), finding.kind, finding.remedy)
        groups.setdefault(key, []).append(finding)
    # The sort is stable: within a level, findings stay in the order in which they were found.
    return [groups[key] for key in sorted(groups, key=lambda key: key[0])]


def stop_at(findings: Iterable[Finding]) -> None:
    """Exit with the errors, one per line."""
    errors = [f for f in findings if f.level == 'error']
    lines = ['; '.join(filter(None, (f'{e.where}: {e.what}', e.remedy))) for e in errors]
    if lines:
        fail('\nerror: '.join(lines))
