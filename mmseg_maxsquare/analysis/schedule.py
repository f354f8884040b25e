"""The planned runs of tables, and their estimated time."""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config

from mmseg_maxsquare.runs.progress import clock

from .rows import Run
from .run_logs import finished_metrics, seconds_per_step, steps_done
from .runner import config_of, work_dir_of

# A step on two domains takes about as long as two steps on one, unless both are measured.
ADAPT_STEPS = 2.0
ASSUMED_SECONDS = 0.5


@dataclass
class Plan:
    """All runs of one or more tables, and the remaining work.

    Attributes:
        runs: In the order of their start.
        seeds: Seeds of every run.
        out: Folder of all runs.
        adjust: Changes every config.
        step_seconds: Time of a source step, or None to take it from logs.
        workers: Runs at a time. Defaults to 1.
        threads: Of each run. Defaults to PyTorch's choice, or with several workers to an equal
            share of the cores.
    """

    runs: list[Run]
    seeds: list[int]
    out: Path
    adjust: Callable[[Config], None]
    step_seconds: float | None = None
    workers: int = 1
    threads: int | None = None
    _read: dict[Run, tuple[int, float]] = field(default_factory=dict, init=False, repr=False)

    def seconds_left(self) -> float:
        """Estimated time until all runs are done, without start, looks and scoring."""
        measured = self._measured()
        work = (self._work(run, seed) for seed in self.seeds for run in self.runs)
        seconds = sum(left * self._step(cost, measured) for _, left, cost in work)
        return seconds / self.workers

    def text(self) -> str:
        """The plan, one line for each run, and the estimated time."""
        measured = self._measured()
        lines, total = [], 0.0
        for seed in self.seeds:
            for run in self.runs:
                steps, left, cost = self._work(run, seed)
                total += left * self._step(cost, measured) / self.workers
                state = 'done' if not left else 'new' if left == steps else f'from {steps - left}'
                what = f'{steps} steps' if run.train else 'test'
                lines.append(f'seed {seed}  {state:>10}  {what:>12}  {run.slug}')
        given = 'as given' if self.step_seconds else f'as measured in {self.out}'
        origin = given if self.step_seconds or measured else 'assumed; see --step-seconds'
        source, adaptation = (self._step(cost, measured) for cost in (1.0, ADAPT_STEPS))
        at_a_time = f'; {self.workers} runs at a time' if self.workers > 1 else ''
        lines.append(
            f'{len(lines)} runs, about {clock(total)} of training ({source:.2f} s per source step, '
            f'{adaptation:.2f} s per adaptation step, {origin}{at_a_time})'
        )
        return '\n'.join(lines)

    def _work(self, run: Run, seed: int) -> tuple[int, int, float]:
        """Steps of a run, remaining steps, and their cost in source steps."""
        folder = work_dir_of(run, seed, self.out)
        done = finished_metrics(folder) is not None
        if not run.train:
            return 1, int(not done), 0.0
        steps, cost = self._planned(run)
        left = 0 if done else steps - min(steps_done(folder), steps - 1)
        return steps, left, cost

    def _planned(self, run: Run) -> tuple[int, float]:
        """Steps of a run, and the cost of each in source steps."""
        if run not in self._read:
            cfg = config_of(run, self.adjust)
            cost = ADAPT_STEPS if cfg.model.type.startswith('UDA') else 1.0
            self._read[run] = cfg.train_cfg.max_iters, cost
        return self._read[run]

    def _step(self, cost: float, measured: dict[float, float]) -> float:
        """Seconds of a step of that cost; from the steps of other runs if it is not measured."""
        if self.step_seconds:
            return self.step_seconds * cost
        if cost in measured:
            return measured[cost]
        others = [seconds / other for other, seconds in measured.items()]
        return cost * (others[0] if others else ASSUMED_SECONDS)

    def _measured(self) -> dict[float, float]:
        """Median time of a step in the logs of this plan's runs, by their cost."""
        times: dict[float, list[float]] = {}
        for seed in self.seeds:
            for run in self.runs:
                time = seconds_per_step(work_dir_of(run, seed, self.out))
                cost = self._work(run, seed)[2]
                if not math.isnan(time) and cost:
                    times.setdefault(cost, []).append(time)
        return {cost: statistics.median(found) for cost, found in times.items()}
