"""The tables of the guard's study, and the numbers that the product states from it."""

from collections import Counter

import pytest

from mmseg_maxsquare.adapt.wording import RECORD
from mmseg_maxsquare.analysis.guard_report import (
    FIRST,
    GROUPS,
    SETTINGS,
    best_by,
    broken_promises,
    broken_when_left_out,
    choice_table,
    fit_limits,
    indicator_table,
    read_csv,
    runs_of,
    scores,
)
from mmseg_maxsquare.evaluation.guard import ADAPTED, Limits, choose

from tests.helpers import REPO

LOOKS = read_csv(REPO / 'docs/data/guard_looks.csv')


def test_the_page_shows_the_looks() -> None:
    page = (REPO / 'docs/guard.md').read_text(encoding='utf-8')
    assert f'{len(runs_of(LOOKS))} runs, {len(LOOKS)} looks' in page
    for line in choice_table(LOOKS).splitlines()[2:]:
        assert line in page
    for line in indicator_table(LOOKS).splitlines()[2:]:
        assert line in page
    kept = len(runs_of(LOOKS)) - len(broken_promises(LOOKS, lambda _: Limits()))
    assert f'**{kept} of {len(runs_of(LOOKS))} runs**' in page
    first = broken_promises(LOOKS, lambda _: FIRST)
    unseen = sum('seed 0' not in line for line in first)
    words = ' '.join(page.split())
    assert f'fails in {len(first)} runs of all three seeds, {unseen} of them' in words


@pytest.mark.slow
def test_the_page_shows_the_fits() -> None:
    """The numbers of the rule fitted on other tasks, and on other seeds; half a minute."""
    words = ' '.join((REPO / 'docs/guard.md').read_text(encoding='utf-8').split())
    count = len(runs_of(LOOKS))
    tasks = count - broken_when_left_out(LOOKS, GROUPS.values(), 'task')
    seeds = count - broken_when_left_out(LOOKS, [(0.0,), (1.0,), (2.0,)], 'seed')
    assert f'among {len(SETTINGS)} settings' in words
    assert f'holds in {tasks} of {count} runs; on the other seeds alone in {seeds}' in words


def test_record_of_the_verdicts() -> None:
    """A new model is right if it is better; a kept one, if the last look is not."""
    right: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for run in runs_of(LOOKS).values():
        choice, own = choose(run), scores(run)
        good = own[choice.index] > own[0] if choice.verdict == ADAPTED else own[-1] <= own[0]
        right[choice.verdict] += good
        count[choice.verdict] += 1
    assert {verdict: (right[verdict], count[verdict]) for verdict in RECORD} == RECORD


def test_fitted_limits_on_hand_made_runs() -> None:
    """The smallest limit that keeps the good looks and none of the bad ones."""
    rows = [(0.0, -0.5, 0.90, 50.0), (0.05, -0.6, 0.95, 60.0), (0.11, -0.7, 0.98, 30.0)]
    looks = [
        dict(task='t', row='anchored IW', seed=0, name=str(i), step=25.0 * i,
             share_divergence=d, information=info, mirror=mirror, retained=1.0,
             oracle_mIoU=score)
        for i, (d, info, mirror, score) in enumerate(rows)
    ]  # fmt: skip
    fitted = fit_limits(looks)
    assert 0.05 <= fitted.divergence < 0.11
    assert broken_promises(looks, lambda _: Limits(0.2)) == ['t, anchored IW, seed 0: 30.0 < 59.0']
    others = [dict(look, seed=1, share_divergence=0.0) for look in looks]
    assert broken_when_left_out(looks + others, [(0,), (1,)], 'seed') == 1  # of seed 0's limits
    assert best_by('oracle_mIoU', 1)(looks) == 1
