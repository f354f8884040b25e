"""How well indicators without labels, and the guard, choose between looks at adaptations."""

import itertools
from collections.abc import Callable, Container, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from mmseg_maxsquare.engine.looks import Look, as_csv, read_csv
from mmseg_maxsquare.evaluation.guard import Limits, choose

from .rows import Table
from .runner import work_dir_of

SCORE = 'oracle_mIoU'
# 1: higher is better; -1: lower is better.
DIRECTIONS = dict(
    confidence=1, entropy=-1, information=-1, density=1, mirror=1, scale=1, blur=1,
    retained=1, share_divergence=-1, disagreement=-1,
)  # fmt: skip
GROUPS = {'dusk': ('camvid_dusk', 'labelmefacade_dusk'), 'day': ('labelmefacade_day',)}
FIRST = Limits(0.08, 0.0, 0.005, 0.0)  # the rule that was set on seed 0 alone
SETTINGS = [  # of the rule, among which the limits are fitted
    Limits(divergence, retained, gain, weight)
    for divergence in (0.06, 0.08, 0.1, 0.12, 0.15, 0.2)
    for retained in (0.0, 0.1, 0.15, 0.2)
    for gain in (0.005, 0.01, 0.02, 0.03)
    for weight in (0.0, 1.0, 2.0, 3.0)
]

Run = list[Look]
Chooser = Callable[[Run], int]


def read_looks(tables: Sequence[Table], seeds: Sequence[int], out: Path) -> list[Look]:
    """The looks of all finished runs, with task, row and seed."""
    looks: list[Look] = []
    for table, seed in itertools.product(tables, seeds):
        for row in table.rows:
            path = work_dir_of(row.run, seed, out) / 'guard.csv'
            if path.is_file():
                where: Look = dict(task=table.name.removeprefix('guard_'), row=row.name, seed=seed)
                looks += [{**where, **look} for look in read_csv(path)]
    return looks


def runs_of(looks: Sequence[Look]) -> dict[tuple, Run]:
    """Looks by task, row and seed, in their order."""
    runs: dict[tuple, Run] = {}
    for look in looks:
        runs.setdefault((look['task'], look['row'], int(look['seed'])), []).append(look)
    return runs


def indicator_table(looks: Sequence[Look]) -> str:
    """Markdown: rank correlation and regret of each indicator, and of the guard.

    The correlation is Spearman's over all looks at one source model and task, averaged; the
    regret is the best score of a run minus that of the chosen look.
    """
    runs = runs_of(looks)
    choosers: dict[str, Chooser] = {
        **{name: best_by(name, sign) for name, sign in DIRECTIONS.items()},
        'the last': lambda run: len(run) - 1,
        'the source model': lambda run: 0,
        '**the guard**': lambda run: choose(run).index,
        'oracle': best_by(SCORE, 1),
    }
    lines = [
        '| chosen by | rank correlation | mean regret | worst regret | mean gain over source |',
        '| --- | --- | --- | --- | --- |',
    ]
    for name, chooser in choosers.items():
        rho = f'{correlation(looks, name):+.2f}' if name in DIRECTIONS else '-'
        chosen = {key: (run, chooser(run)) for key, run in runs.items()}
        regrets = [max(scores(run)) - scores(run)[i] for run, i in chosen.values()]
        gains = [scores(run)[i] - scores(run)[0] for run, i in chosen.values()]
        lines.append(
            f'| {name} | {rho} | {np.mean(regrets):.2f} | {max(regrets):.2f} | '
            f'{np.mean(gains):+.2f} |'
        )
    return '\n'.join(lines)


def best_by(name: str, sign: int) -> Chooser:
    """Chooses the look with the best value of an indicator."""
    return lambda run: int(np.argmax([sign * float(look[name]) for look in run]))


def correlation(looks: Sequence[Look], name: str) -> float:
    """Mean over tasks and source models of the rank correlation with the score."""
    groups: dict[tuple, list[Look]] = {}
    for look in looks:
        groups.setdefault((look['task'], look['seed']), []).append(look)
    values = [
        DIRECTIONS[name]
        * spearmanr([look[name] for look in group], [look[SCORE] for look in group]).statistic
        for group in groups.values()
    ]
    return float(np.mean(values))


def scores(run: Run) -> list[float]:
    """True scores of the looks of a run."""
    return [float(look[SCORE]) for look in run]


def choice_table(looks: Sequence[Look], rule: Callable[[str], Limits] | None = None) -> str:
    """Markdown: what the guard chose in every run.

    Args:
        looks: Of all runs.
        rule: Limits by task. Defaults to those of the product.
    """
    lines = [
        '| task | row | seed | source model | best look | last | chosen | its score | verdict |',
        '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ]
    for (task, row, seed), run in runs_of(looks).items():
        choice = choose(run) if rule is None else choose(run, rule(task))
        own = scores(run)
        lines.append(
            f'| {task} | {row} | {seed} | {own[0]:.1f} | {max(own):.1f} | {own[-1]:.1f} | '
            f'{run[choice.index]["name"]} | {own[choice.index]:.1f} | {choice.verdict} |'
        )
    return '\n'.join(lines)


def promised(row: str, run: Run) -> float:
    """The score that the guard's choice should reach in a run.

    Within one point of the best look for anchored runs and for image-wise weighting by class
    on norm layers at the rates 3e-4 and 1e-3; within one of the source model for all others.
    """
    good = row.startswith('anchored') or row in ('IW', 'IW order 1', 'IW order 2', 'IW rate 3e-4')
    return (max(scores(run)) if good else scores(run)[0]) - 1


def broken_promises(looks: Sequence[Look], rule: Callable[[str], Limits]) -> list[str]:
    """Runs in which the guard's choice is below what is promised."""
    broken = []
    for (task, row, seed), run in runs_of(looks).items():
        score = scores(run)[choose(run, rule(task)).index]
        if score < promised(row, run):
            broken.append(f'{task}, {row}, seed {seed}: {score:.1f} < {promised(row, run):.1f}')
    return broken


def fit_limits(looks: Sequence[Look]) -> Limits:
    """The limits with the fewest broken promises, then the highest mean score."""
    runs = runs_of(looks)

    def merit(limits: Limits) -> tuple[int, float]:
        chosen = [scores(run)[choose(run, limits).index] for run in runs.values()]
        return -len(broken_promises(looks, lambda _: limits)), float(np.mean(chosen))

    return max(SETTINGS, key=merit)


def broken_when_left_out(looks: Sequence[Look], groups: Iterable[Container], key: str) -> int:
    """Broken promises of runs whose limits are fitted on all other runs.

    Args:
        looks: Of all runs.
        groups: Values of ``key`` that are left out together.
        key: ``'task'`` or ``'seed'``.
    """
    broken = 0
    for group in groups:
        out = [look for look in looks if look[key] in group]
        others = [look for look in looks if look[key] not in group]
        limits = fit_limits(others) if others else Limits()
        broken += len(broken_promises(out, partial(_always, limits)))
    return broken


def _always(limits: Limits, task: str) -> Limits:
    """The same limits for every task."""
    return limits


def write_guard_report(tables: Sequence[Table], seeds: Sequence[int], out: Path) -> str:
    """Write ``looks.csv`` and ``guard.md``; returns the text of the latter."""
    looks = read_looks(tables, seeds, out)
    (out / 'looks.csv').write_text(as_csv(looks), encoding='utf-8')
    text = report_text(looks)
    (out / 'guard.md').write_text(text, encoding='utf-8')
    return text


def report_text(looks: Sequence[Look]) -> str:
    """Both tables, and the choices with limits that are fitted on other tasks and seeds."""
    seeds = {look['seed'] for look in looks}
    of_tasks = broken_when_left_out(looks, GROUPS.values(), 'task')
    of_seeds = broken_when_left_out(looks, [(seed,) for seed in seeds], 'seed')
    broken = broken_promises(looks, lambda _: Limits())
    first = len(broken_promises(looks, partial(_always, FIRST)))
    count = len(runs_of(looks))
    return (
        '\n\n'.join(
            [
                indicator_table(looks),
                f'Choices within what is promised: {count - len(broken)} of {count}; if the '
                f'numbers of the rule are fitted on the other tasks {count - of_tasks}, on the '
                f'other seeds {count - of_seeds} ({len(SETTINGS)} settings); with the rule that '
                f'was set on seed 0 alone {count - first}.',
                *(f'- {line}' for line in broken),
                choice_table(looks),
            ]
        )
        + '\n'
    )
