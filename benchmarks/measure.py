"""Time and peak memory of several variants, measured in one run and reported as ratios."""

import shlex
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from mmseg_maxsquare.analysis.measurements import measured_table, write_measurement
from mmseg_maxsquare.analysis.provenance import processor_name, provenance

COLUMNS = ['variant', 'seconds', 'time ratio', 'peak MB', 'memory ratio']
CPU = torch.device('cpu')
provenance(None)  # remembers the commit from before the runs
Variants = dict[str, Callable[[], object]]


def median_times(variants: Variants, repeats: int, device: torch.device) -> dict[str, list[float]]:
    """Seconds of every call; the variants take turns, so that all run under the same load.

    Args:
        variants: Functions by name.
        repeats: Number of measured turns; one more is for warm-up.
        device: Synchronised before and after each call.
    """
    times: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(repeats + 1):
        for name, call in variants.items():
            _wait(device)
            started = time.perf_counter()
            call()
            _wait(device)
            if turn:
                times[name].append(time.perf_counter() - started)
    return times


def peak_bytes(call: Callable[[], object], device: torch.device) -> int:
    """Peak memory of a call, beyond the memory allocated before it.

    Measured by PyTorch's allocator on a GPU, by its profiler's record of every
    allocation on a CPU.
    """
    call()  # gradients and momentum exist from here on
    if device.type == 'cuda':
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        call()
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    events = [e for e in profiler.profiler.kineto_results.events() if e.name() == '[memory]']
    running = peak = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        running += event.nbytes()
        peak = max(peak, running)
    return peak


def paired_ratio(times: list[float], reference: list[float]) -> float:
    """Median of the ratios per turn, which is robust to a slow phase of the machine."""
    return statistics.median(t / r for t, r in zip(times, reference, strict=True))


def compare(variants: Variants, repeats: int, device: torch.device) -> list[list]:
    """Rows of COLUMNS: time and peak memory of every variant, as ratios to the first."""
    times = median_times(variants, repeats, device)
    peaks = {name: peak_bytes(call, device) for name, call in variants.items()}
    first = next(iter(variants))
    return [
        [
            name,
            statistics.median(times[name]),
            paired_ratio(times[name], times[first]),
            peaks[name] / 2**20,
            peaks[name] / peaks[first],
        ]
        for name in variants
    ]


def report(
    title: str,
    columns: Sequence[str],
    rows: Sequence[list],
    about: str,
    path: Path,
    device: torch.device | None = None,
    commit: str | None = None,
) -> None:
    """Print a Markdown table and write it as JSON, for the pages of the documentation.

    Args:
        title: What was measured.
        columns: Headings; the first one names the rows.
        rows: Text and numbers.
        about: Sizes, repeats and the like.
        path: The JSON file; its stem is the name of the measurement.
        device: Where it was measured. Defaults to the accelerator, if there is one.
        commit: Of earlier runs that are reported. Defaults to that of the checkout at the start.
    """
    machine = processor_name() if device == CPU else None
    command = shlex.join(['python', f'benchmarks/{Path(sys.argv[0]).name}', *sys.argv[1:]])
    found = write_measurement(path, title, command, columns, rows, about, machine, commit)
    print(f'\n### {title}\n\n{measured_table(found)}\n{path}')


def _wait(device: torch.device) -> None:
    if device.type == 'cuda':
        torch.cuda.synchronize()
