"""The queue: how many runs at a time, in which order, and what becomes of them."""

import os
from pathlib import Path

import pytest
from mmengine.config import Config

from mmseg_maxsquare.analysis import queue
from mmseg_maxsquare.analysis import runner as runs
from mmseg_maxsquare.analysis.queue import run_all
from mmseg_maxsquare.analysis.rows import Run
from mmseg_maxsquare.analysis.schedule import Plan

from .test_runner import IW, SOURCE, leave_traces, unchanged
from tests.helpers.processes import Ticking

MINENT = Run('minent/camvid_day2dusk.py', start=SOURCE)


class Programs:
    """Stands in for the trainings; each ends at the third look."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int | None]] = []
        self.processes: list[Ticking] = []
        self.most = 0

    def start(
        self, run: Run, config: Path, work_dir: Path, cfg: Config, threads: int | None
    ) -> Ticking:
        self.started.append((work_dir.relative_to(work_dir.parents[2]).as_posix(), threads))
        leave_traces(run, config, work_dir, cfg)
        self.processes.append(Ticking(looks=9))
        self.most = max(self.most, sum(process.left > 0 for process in self.processes))
        return self.processes[-1]


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    result = Programs()
    monkeypatch.setattr(runs, '_start', result.start)
    monkeypatch.setattr(queue, 'POLL_SECONDS', 0)
    return result


@pytest.mark.parametrize('workers', [1, 2, 3])
def test_as_many_at_a_time_as_there_are_workers(
    workers: int, programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, 'cpu_count', lambda: 4)
    plan = Plan([SOURCE, IW, MINENT], [0, 1], tmp_path, unchanged, workers=workers)
    assert run_all(plan) == {}
    assert len(programs.started) == 6
    assert programs.most == workers
    assert {threads for _, threads in programs.started} == {{1: None, 2: 2, 3: 1}[workers]}


def test_given_threads(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'cpu_count', lambda: 16)
    assert run_all(Plan([SOURCE], [0, 1], tmp_path, unchanged, workers=2, threads=1)) == {}
    assert {threads for _, threads in programs.started} == {1}


def test_a_run_waits_for_its_source_model(programs: Programs, tmp_path: Path) -> None:
    """With three workers the second seed's source model comes before the first adaptation."""
    run_all(Plan([SOURCE, IW], [0, 1], tmp_path, unchanged, workers=3))
    names = [name for name, _ in programs.started]
    assert [Path(name).name.partition('+')[0] for name in names] == [
        'camvid_day', 'camvid_day', 'camvid_day2dusk_iw', 'camvid_day2dusk_iw',
    ]  # fmt: skip


def test_an_interrupt_ends_all_processes(
    programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(queue.time, 'sleep', interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_all(Plan([SOURCE], [0, 1], tmp_path, unchanged, workers=2))
    assert [process.killed for process in programs.processes] == [True, True]


def test_the_plan_shares_the_time(tmp_path: Path) -> None:
    one, two = (
        Plan([SOURCE, IW], [0], tmp_path, unchanged, 6.0, workers=workers) for workers in (1, 2)
    )
    assert one.seconds_left() == 2 * two.seconds_left() == 6.0 * (500 + 2 * 300)
    assert two.text().splitlines()[-1].endswith('2 runs at a time)')
