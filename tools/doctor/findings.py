"""What the doctor found: one sentence of fact and one of remedy for every file or field."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from mmseg.registry import DATASETS, HOOKS, METRICS, MODELS, OPTIMIZERS, TRANSFORMS

LEVELS = ('error', 'warning', 'note')


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing.

    Attributes:
        level: ``'error'`` (the run would fail or learn nonsense), ``'warning'``
            or ``'note'``.
        kind: What findings of this kind share, such as ``'source: damaged images'``.
        where: The file or config field.
        what: What was found there, and what was expected.
        remedy: How to mend it.
    """

    level: str
    kind: str
    where: str
    what: str
    remedy: str = ''


def config_error(kind: str, where: str, what: str, remedy: str) -> Finding:
    """An error of config fields."""
    return Finding('error', f'config: {kind}', where, what, remedy)


def count(findings: Iterable[Finding], level: str) -> int:
    """Number of findings of a level."""
    return sum(finding.level == level for finding in findings)


def by_kind(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Findings in groups of one level, kind and remedy, errors first."""
    groups: dict[tuple, list[Finding]] = {}
    for finding in findings:
        key = (LEVELS.index(finding.level), finding.kind, finding.remedy)
        groups.setdefault(key, []).append(finding)
    # Stable: within a level in the order in which they were found.
    return [groups[key] for key in sorted(groups, key=lambda key: key[0])]


def sentence(error: BaseException, limit: int = 600) -> str:
    """The message of an exception in one line."""
    words = ' '.join(str(error.args[0] if len(error.args) == 1 else error).split())
    # A KeyError's message is a bare name, an assertion's often nothing.
    plain = (
        isinstance(error, ValueError | OSError | TypeError | RuntimeError | ImportError) and words
    )
    text = words if plain else f'{type(error).__name__}: {words}'
    text = re.sub(r' Please check whether .*', similar(words), text)  # mmengine's advice
    return text if len(text) <= limit else text[:limit] + ' ...'


# How the advice at the end of our messages begins.
ADVICE = (
    'take', 'copy', 'replace', 'correct', 'complete', 'see', 'remove', 'give', 'write', 'put',
    'download', 'move',
)  # fmt: skip


def fact_and_remedy(error: BaseException, remedy: str) -> tuple[str, str]:
    """The message of an exception without its advice, and that, or another in its absence."""
    fact, advice = re.fullmatch(
        rf'(.*?)(?:; ((?:{"|".join(ADVICE)}) .*))?', sentence(error)
    ).groups()
    return fact, advice or remedy


def similar(words: str) -> str:
    """A registered name that is like the one that a message says is unknown."""
    unknown = re.search(r'(\S+) is not in the', words)
    registries = (DATASETS, HOOKS, METRICS, MODELS, OPTIMIZERS, TRANSFORMS)
    # Most hooks and optimizers are in mmengine's registries, the parents of mmseg's.
    registries += tuple(registry.parent for registry in registries)
    known = [name for registry in registries for name in registry.module_dict]
    like = difflib.get_close_matches(unknown[1], known, n=1) if unknown else []
    return f' Is {like[0]} meant?' if like else ''


def some(names: Iterable[object], limit: int = 5) -> str:
    """The first of some names, in one line."""
    names = list(names)
    more = f' and {len(names) - limit} more' if len(names) > limit else ''
    return ', '.join(map(str, names[:limit])) + more
