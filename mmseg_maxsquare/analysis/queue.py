"""The queue of a plan's runs: some at a time, each after the run that it starts from."""

import os
import time
from dataclasses import dataclass

from rich.progress import Progress, TaskID

from mmseg_maxsquare.runs.progress import add_bar, advance_bar, clock, new_bars

from .rows import Run
from .run_logs import SCORES
from .runner import POLL_SECONDS, Execution
from .schedule import Plan

Job = tuple[Run, int]  # a run and its seed
Failures = dict[Job, str]


@dataclass
class Started:
    """A job that a worker is at.

    Attributes:
        job: The job.
        execution: Its process.
        bar: Its progress bar.
        since: When it was started, in seconds.
    """

    job: Job
    execution: Execution
    bar: TaskID
    since: float


def run_all(plan: Plan) -> Failures:
    """Run everything; a failed run, and every run that starts from it, is left out.

    With more than one worker, each gets its share of the cores unless the plan gives ``threads``.

    Returns:
        The errors, by run and seed.
    """
    queue = Queue(plan)
    with new_bars() as bars:
        try:
            while queue.waiting or queue.started:
                queue.start(bars)
                time.sleep(POLL_SECONDS if queue.busy() else 0)
                queue.collect(bars)
        finally:
            for entry in queue.started:
                entry.execution.stop()
    return queue.failures


class Queue:
    """Jobs that wait, jobs that run, and jobs that failed.

    Args:
        plan: The runs, and how many run at a time.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        cores = os.cpu_count() or 1
        share = max(1, cores // plan.workers) if plan.workers > 1 else None
        self.threads = plan.threads or share
        self.waiting: list[Job] = [(run, seed) for seed in plan.seeds for run in plan.runs]
        self.started: list[Started] = []
        self.failures: Failures = {}
        self.count = len(self.waiting)

    def busy(self) -> bool:
        """Whether jobs run, and none of them has ended."""
        return bool(self.started) and all(entry.execution.running() for entry in self.started)

    def start(self, bars: Progress) -> None:
        """Start jobs until all workers are busy or none is ready."""
        while len(self.started) < self.plan.workers:
            job = next((job for job in self.waiting if self._ready(job)), None)
            if job is None:
                return
            self.waiting.remove(job)
            self._start(job, bars)

    def collect(self, bars: Progress) -> None:
        """Show the progress of the jobs, and take the results of those that ended."""
        for entry in list(self.started):
            ended = not entry.execution.running()
            advance_bar(bars, entry.bar, entry.execution.progress())
            if ended:
                bars.remove_task(entry.bar)
                self.started.remove(entry)
                self._finish(entry)

    def _ready(self, job: Job) -> bool:
        """Whether the runs that a job needs have ended."""
        open_jobs = {*self.waiting, *(entry.job for entry in self.started)}
        return not any((need, job[1]) in open_jobs for need in job[0].needs)

    def _start(self, job: Job, bars: Progress) -> None:
        run, seed = job
        left = self.plan.seconds_left()
        about = f' (about {clock(left)} left)' if left else ''
        number = self.count - len(self.waiting)
        print(f'[{number}/{self.count}] seed {seed}: {run.slug}{about}', flush=True)
        failed = [need.slug for need in run.needs if (need, seed) in self.failures]
        if failed:
            self._fail(job, f'it starts from {failed[0]}')
            return
        try:
            execution = Execution(run, seed, self.plan.out, self.plan.adjust, self.threads)
        except RuntimeError as error:
            self._fail(job, str(error))
            return
        bar = add_bar(bars, f'    run {number}', execution.steps, execution.done)
        self.started.append(Started(job, execution, bar, time.monotonic()))

    def _finish(self, entry: Started) -> None:
        try:
            metrics = entry.execution.metrics()
        except RuntimeError as error:
            self._fail(entry.job, str(error))
            return
        score = next(name for name in SCORES if name in metrics)
        took = time.monotonic() - entry.since
        print(f'    {entry.job[0].slug}: {score} {metrics[score]:.2f} ({took:.0f} s)', flush=True)

    def _fail(self, job: Job, why: str) -> None:
        run, seed = job
        self.failures[job] = f'seed {seed}: {run.slug}: {why}'
        print(f'    {run.slug} failed: {why}', flush=True)
